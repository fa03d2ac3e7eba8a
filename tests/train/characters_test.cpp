// Characters of texts and their numbers in an alphabet.
#include "framework/train/characters.h"
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus::data {
namespace {

using test::message_of;

TEST(Characters, are_code_points_with_numbers) {
  const std::vector<std::string> expected = {"a", "€", "😀", "\n"};
  EXPECT_EQ(characters_of("a€😀\n", "it"), expected);
  const std::vector<std::string> alphabet = {"\n", "a", "b", "€"};
  EXPECT_EQ(tokens_of("b€a\n", alphabet, "it"), (std::vector<std::int64_t>{2, 3, 1, 0}));
  EXPECT_TRUE(tokens_of("", alphabet, "it").empty());
  EXPECT_EQ(message_of([&] {
              tokens_of(
                  "b\t\x7f\xc3\xa9"
                  "bb!",
                  alphabet, "it");
            }),
            "it: not among the 4 characters of the data: tab, \"!\", byte 127, \"é\"");
  EXPECT_EQ(message_of([&] { characters_of("ab\xe2\x82", "it"); }),
            "it: byte 2 begins no character of UTF-8");
}

}  // namespace
}  // namespace gradus::data
