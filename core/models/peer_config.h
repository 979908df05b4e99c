// A model of a peer, by the config.json that lies beside its weights.
#pragma once

#include <string>

#include "core/models/family.h"

namespace convoy {

// The family with its keys as config.json says, vocabulary included. Throws CheckpointError if it is no JSON, or of an
// architecture that no family is, which names those that are; or asks for something that is not computed here.
FamilyChoice family_from_config_json(const std::string& config_json);

}  // namespace convoy
