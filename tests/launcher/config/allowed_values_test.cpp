#include "launcher/config/allowed_values.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "launcher/config/config_keys.h"
#include "launcher/config/load_config.h"

namespace convoy {
namespace {

TEST(Complaint, SaysTheBoundThatIsBroken) {
  Auto zero{0}, automatic;
  EXPECT_EQ(complaint("k", int64_t{0}, Allowed::from(1, 10)), "k = 0; at least 1 is wanted");
  EXPECT_EQ(complaint("k", int64_t{11}, Allowed::from(1, 10)), "k = 11; at most 10 is wanted");
  EXPECT_EQ(complaint("k", 0.0, Allowed::above_to(0, 1)), "k = 0; more than 0 is wanted");
  EXPECT_EQ(complaint("k", 1.0, Allowed::from_to_below(0, 1)), "k = 1; less than 1 is wanted");
  EXPECT_EQ(complaint("k", INT64_MAX, Allowed::from(0, 1e12)), "k = 9223372036854775807; at most 1e12 is wanted");
  EXPECT_EQ(complaint("k", 1e-40, Allowed::from(1e-30, 1e30)), "k = 1e-40; at least 1e-30 is wanted");
  EXPECT_TRUE(complaint("k", std::numeric_limits<double>::quiet_NaN(), Allowed::from(0, 1)));
  EXPECT_TRUE(complaint("k", Field(&zero), Allowed::from(1, 2)));
  for (const int64_t good : {1, 10}) EXPECT_FALSE(complaint("k", good, Allowed::from(1, 10)));
  for (const int64_t any : {INT64_MIN, INT64_MAX}) EXPECT_FALSE(complaint("k", any, Allowed::any()));
  EXPECT_FALSE(complaint("k", 1.0, Allowed::above_to(0, 1)));
  EXPECT_FALSE(complaint("k", 0.0, Allowed::from_to_below(0, 1)));
  EXPECT_FALSE(complaint("k", Field(&automatic), Allowed::from(1, 2)));
}

TEST(Complaint, OfTexts) {
  const std::string empty, nul("a\0b", 3);
  EXPECT_EQ(complaint("k", empty, Allowed::path()), "k is empty; the path of a folder is wanted");
  EXPECT_EQ(complaint("k", std::string(4096, 'a'), Allowed::path()), "k is 4096 bytes long; at most 4095 are wanted");
  EXPECT_FALSE(complaint("k", std::string(4095, 'a'), Allowed::path()));
  EXPECT_FALSE(complaint("k", empty, Allowed::any()));
  EXPECT_EQ(complaint("k", nul, Allowed::any()), "k holds a NUL character, which no name can; remove it");
  const Allowed names = Allowed::one_of({"", "red", "green"});
  EXPECT_EQ(complaint("k", std::string("gren"), names),
            "k = gren is unknown; there are red, green; did you mean green?");
  EXPECT_FALSE(complaint("k", std::string("red"), names));
  EXPECT_FALSE(complaint("k", empty, names));
}

TEST(AllowedText, NamesBothBounds) {
  EXPECT_EQ(allowed_text(Allowed::from(0, 1000)), "0 to 1000");
  EXPECT_EQ(allowed_text(Allowed::from(1e-30, 1e30)), "1e-30 to 1e30");
  EXPECT_EQ(allowed_text(Allowed::from(1, 1e6)), "1 to 1e6");
  EXPECT_EQ(allowed_text(Allowed::from(1, 1048576)), "1 to 1048576");
  EXPECT_EQ(allowed_text(Allowed::above_to(0, 1)), "above 0 to 1");
  EXPECT_EQ(allowed_text(Allowed::from_to_below(0, 1)), "0 to below 1");
  EXPECT_EQ(allowed_text(Allowed::one_of({"", "red", "green"})), "red, green");
  EXPECT_EQ(allowed_text(Allowed::any()), "");
}

TEST(Shortened, LongTextsAreCut) {
  EXPECT_EQ(shortened("abc"), "abc");
  EXPECT_EQ(shortened(std::string(5000, 'a')), std::string(100, 'a') + "... (5000 bytes)");
}

bool is_number(const ConfigKey& key) { return key.allowed.minimum.has_value(); }

// Of the numbers alone: seeds may be anything, all else has both ends, and the default lies between them.
TEST(ConfigKeys, EveryNumberHasARangeThatHoldsItsDefault) {
  int numbers = 0;
  for (const ConfigKey& key : keys_of(Config())) {
    const bool digits = key.value.find_first_not_of("0123456789.e-") == std::string::npos;
    if (key.name == "run.seed" || (!digits && key.value != "auto")) continue;
    if (key.value == "auto" && !key.allowed.names.empty()) continue;
    if (key.name == "device" || key.name == "run.resume" || key.name == "parallel.bind" || key.name == "train.products")
      continue;
    ++numbers;
    ASSERT_TRUE(key.allowed.minimum && key.allowed.maximum) << key.name;
    EXPECT_LT(*key.allowed.minimum, *key.allowed.maximum) << key.name;
    EXPECT_LE(std::abs(*key.allowed.maximum), 1e30) << key.name;
    if (digits) {
      EXPECT_EQ(complaint(key.name, std::stod(key.value), key.allowed), std::nullopt) << key.name;
    }
  }
  EXPECT_GT(numbers, 30);
}

std::string said_of(const std::string& setting) {
  try {
    parse_config("{}", "test", {setting});
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing";
}

// The bounds themselves are allowed where they are not exclusive; the next numbers beyond them the loader refuses.
TEST(ConfigKeys, TheLoaderHoldsEveryNumberAgainstItsRange) {
  for (const ConfigKey& key : keys_of(Config())) {
    if (!is_number(key)) continue;
    const bool real = key.value.find('.') != std::string::npos;
    const double low = *key.allowed.minimum, high = *key.allowed.maximum;
    EXPECT_EQ(complaint(key.name, low, key.allowed).has_value(), key.allowed.exclusive_minimum) << key.name;
    EXPECT_EQ(complaint(key.name, high, key.allowed).has_value(), key.allowed.exclusive_maximum) << key.name;
    for (const double refused : {real ? std::nextafter(low, -1e300) : low - 1, real ? high * 1.001 : high + 1}) {
      const std::string value = real ? fmt::format("{}", refused) : fmt::format("{:.0f}", refused);
      const std::string said = said_of(key.name + "=" + value);
      EXPECT_NE(said.find(fmt::format("{} = {}; ", key.name, value)), std::string::npos) << said;
      EXPECT_NE(said.find(" is wanted"), std::string::npos) << said;
    }
  }
}

}  // namespace
}  // namespace convoy
