// Settings laid over a config.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "launcher/config/config_keys.h"
#include "launcher/config/setting.h"

namespace convoy {

// Where the values of a config came from, by their keys' whole names, as layer after layer of settings is applied.
struct Origins {
  std::map<std::string, Place> places;
  std::set<std::string> unread;  // given, but not what the key takes
};

// Changes the config by a map of settings, and adds to mistakes what in it is no key, or no value of its key. Lists
// replace lists; maps of numbers change their items.
void apply_settings(const Setting& settings, const DescribeKeys& config, Origins& origins,
                    std::vector<Mistake>& mistakes);

}  // namespace convoy
