// Broken and small data through the program: exit codes, and messages that name the place.
#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class ProgramData : public test::ProgramTest {
 protected:
  // Trains on a table of this text; `more` are further settings.
  ProcessResult train_on(const std::string& table, const Words& more = {}) const {
    test::write_text(folder_ / "table.csv", table);
    test::write_text(folder_ / "config.json", R"({
        "dataset": {"type": "csv", "path": "table.csv", "target": "y", "test_ratio": 0.5},
        "model": {"type": "linear"}, "loss": {"type": "cross_entropy"},
        "optimizer": {"type": "sgd", "lr": 0.1}})");
    std::filesystem::remove_all(folder_ / "run");
    return gradus(Words{"train", "config.json", "--out", "run"} + more);
  }
};

TEST_F(ProgramData, numbers_that_are_not_finite_are_error_1_with_their_line) {
  for (const std::string number : {"nan", "NaN", "inf", "-Infinity", "1e999"}) {
    const ProcessResult result = train_on("x,y\n1,a\n2,b\n" + number + ",a\n3,b\n");
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(contains(result.err, "table.csv:4: column \"x\": \"" + number + "\""))
        << result.err;
    EXPECT_TRUE(contains(result.err, "finite number")) << result.err;
  }
  // They may be said to be missing ones.
  const Words dropped = {"--set", "dataset.missing_values=[\"nan\"]", "--set",
                         "dataset.missing=drop"};
  EXPECT_EQ(train_on("x,y\n1,a\n2,b\nnan,a\n3,b\n4,a\n", dropped).exit_code, 0);
  // So they are in the column to predict.
  const ProcessResult target =
      train_on("x,y\n1,0.5\n2,nan\n3,1\n", {"--set", "dataset.task=regression"});
  EXPECT_EQ(target.exit_code, 1);
  EXPECT_TRUE(contains(target.err, "table.csv:3: column \"y\": \"nan\"")) << target.err;
}

TEST_F(ProgramData, tables_without_rows_are_errors) {
  const ProcessResult nothing = train_on("");
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_TRUE(contains(nothing.err, "table.csv: there are no rows in it")) << nothing.err;
  const ProcessResult header = train_on("x,y\n");
  EXPECT_EQ(header.exit_code, 1);
  EXPECT_TRUE(contains(header.err, "table.csv: there are no rows below its header")) << header.err;
  const ProcessResult one = train_on("x,y\n1,2\n", {"--set", "loss.type=mse"});
  EXPECT_EQ(one.exit_code, 2);
  EXPECT_TRUE(contains(one.err, "there is 1 row to train and to test with")) << one.err;
  EXPECT_EQ(train_on("x,y\n1,2\n2,3\n", {"--set", "loss.type=mse"}).exit_code, 0);
}

TEST_F(ProgramData, a_class_that_is_not_trained_on_is_still_one) {
  // Which rows are drawn does not matter: one class of three has a single row.
  EXPECT_EQ(train_on("x,y\n1,a\n2,b\n3,a\n4,b\n5,c\n6,a\n").exit_code, 0);
  // In a test file of its own it is an error: nothing says what number it has.
  test::write_text(folder_ / "test.csv", "x,y\n1,a\n2,d\n");
  const ProcessResult result =
      train_on("x,y\n1,a\n2,b\n3,a\n4,b\n", {"--set", "dataset.test_path=test.csv"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "test.csv:3: column \"y\": ")) << result.err;
  EXPECT_TRUE(contains(result.err, "\"d\"")) << result.err;
}

TEST_F(ProgramData, folders_without_images_are_error_2) {
  std::filesystem::create_directories(folder_ / "images/cat");
  test::write_text(folder_ / "config.json", R"({
      "dataset": {"type": "image_folder", "path": "images"}, "model": {"type": "linear"},
      "loss": {"type": "cross_entropy"}, "optimizer": {"type": "sgd", "lr": 0.1}})");
  const ProcessResult result = gradus({"train", "config.json", "--out", "run"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "/dataset/path: there are no images in \"images/cat\""))
      << result.err;
}

}  // namespace
}  // namespace gradus
