#include "datasets/text/utf8.h"

#include "tests/datasets/expect_error.h"

namespace convoy {
namespace {

TEST(RequireUtf8, NamesTheInvalidByte) {
  EXPECT_NO_THROW(require_utf8("Z\u00fcrich"));
  EXPECT_DATA_ERROR(require_utf8("abc\xff"), "0xff", "position 3", "convert");
}

}  // namespace
}  // namespace convoy
