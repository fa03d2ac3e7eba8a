// Text: characters by number, stretches and what follows them, and texts that cannot be used.
#include <gtest/gtest.h>
#include "framework/train/dataset.h"

#include "tests/support/errors.h"
#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

class Text : public testing::Test {
 protected:
  std::shared_ptr<DataSource> make(const std::string& text, Json options = Json::object()) const {
    test::write_text(folder_ / "text", text);
    options["type"] = "text";
    options["path"] = (folder_ / "text").string();
    return datasets().make(options);
  }
  // The characters of the numbers.
  static std::string spelt(const DataSource& source, const Tensor& numbers) {
    std::string result;
    for (const auto number : numbers.to_vector<std::int64_t>()) {
      result += source.classes[static_cast<std::size_t>(number)];
    }
    return result;
  }
  static std::string refusal(const std::function<void()>& call) { return test::message_of(call); }

  test::TempDir folder_;
};

TEST_F(Text, stretches_are_followed_by_themselves_one_place_later) {
  const auto source = make("the quick brown fox jumps over", {{"length", 4}, {"test_ratio", 0.4}});
  EXPECT_EQ(source->input_shape, (Shape{4}));
  EXPECT_EQ(source->outputs, static_cast<std::int64_t>(source->classes.size()));
  EXPECT_TRUE(std::is_sorted(source->classes.begin(), source->classes.end()));
  ASSERT_EQ(source->train->size(), 4);  // of 18 characters
  const std::int64_t rows[] = {0, 3};
  const Example batch = source->train->get_batch(rows);
  EXPECT_EQ(batch.input.sizes(), (Shape{2, 4}));
  EXPECT_EQ(spelt(*source, batch.input), "the own ");
  EXPECT_EQ(spelt(*source, batch.target), "he qwn f");
  ASSERT_EQ(source->test->size(), 2);  // of "x jumps over", which begins where training ends
  EXPECT_EQ(spelt(*source, source->test->get(1).input), "mps ");
  EXPECT_EQ(spelt(*source, source->test->get(1).target), "ps o");
}

TEST_F(Text, training_stretches_may_overlap) {
  const auto source = make("abcdefghijklmnop", {{"length", 3}, {"stride", 1}, {"test_ratio", 0.3}});
  ASSERT_EQ(source->train->size(), 8);  // of 11 characters
  EXPECT_EQ(spelt(*source, source->train->get(7).input), "hij");
  EXPECT_EQ(spelt(*source, source->train->get(7).target), "ijk");
  EXPECT_THROW(static_cast<void>(source->train->get(8)), ValueError);
}

TEST_F(Text, characters_are_code_points) {
  const std::string word = "äöü€😀 ";
  const auto source = make(word + word + "äöü", {{"length", 2}, {"test_ratio", 0.3}});
  const std::vector<std::string> classes = {" ", "ä", "ö", "ü", "€", "😀"};
  EXPECT_EQ(source->classes, classes);
  EXPECT_EQ(spelt(*source, source->train->get(1).input), "ü€");
}

// The last one ends where the text does.
TEST_F(Text, new_ones_are_read_in_stretches_that_cover_them) {
  const auto source = make("abcdefghabcdefgh", {{"length", 4}, {"test_ratio", 0.4}});
  test::write_text(folder_ / "new", "hgfedcbaab");
  const Tensor inputs = source->reader->read(folder_ / "new");
  ASSERT_EQ(inputs.sizes(), (Shape{3, 4}));
  EXPECT_EQ(spelt(*source, inputs), "hgfedcbabaab");
}

TEST_F(Text, refuses_what_it_cannot_use) {
  for (const char* text : {"ab\xff"
                           "cd",
                           "ab\xc3", "ab\xc0\x80", "ab\xed\xa0\x80", "ab\xe0\x80\x80"}) {
    EXPECT_NE(refusal([&] { make(text); }).find("text: byte 2 begins no character of UTF-8"),
              std::string::npos);
  }
  EXPECT_NE(refusal([&] { make("too short"); }).find("has 9 characters: too few"),
            std::string::npos);
  EXPECT_NE(refusal([&] { make(""); }).find("has 0 characters"), std::string::npos);
  EXPECT_NE(refusal([] {
              datasets().make({{"type", "text"}, {"path", "/no/such"}});
            }).find("/no/such"),
            std::string::npos);
}

}  // namespace
}  // namespace gradus::data
