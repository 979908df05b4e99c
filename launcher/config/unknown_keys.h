// Settings that no key of the config has asked for, each told with the key that was probably meant.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/config/config_keys.h"
#include "launcher/config/setting.h"

namespace convoy {

// Those kinds, of all that there are to choose from, that have such a key.
std::vector<std::string> kinds_with_key(const AnyChoice& choice, std::string_view key);

class UnknownKeys {
 public:
  // used: what keys have asked for. unread: names of keys that were given something else than they take, of which
  // nothing more is told. All outlive this.
  UnknownKeys(const DescribeKeys& config, const std::set<const Setting*>& used, const std::set<std::string>& unread,
              std::vector<Mistake>& mistakes);

  // Of a map or a list and what is below it. path: "model.", or "" for the whole config.
  void tell(const Setting& settings, const std::string& path);

 private:
  void tell_one(const std::string& key, const Setting& setting, const std::string& path);

  const DescribeKeys& config_;
  const std::set<const Setting*>& used_;
  const std::set<std::string>& unread_;
  std::vector<Mistake>& mistakes_;
};

}  // namespace convoy
