// `gradus summary`: the tables of shipped configs, against numbers that were worked out by hand.
#include <gtest/gtest.h>

#include "tests/support/json.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class SummaryCommandTest : public test::ProgramTest {
 protected:
  static Words random_images(const std::string& shape) {
    return {"--set", R"(dataset={"type": "random", "size": 8, "outputs": 10, "input_shape": )" +
                         shape + "}"};
  }
  [[nodiscard]] Json summary(const std::string& model, const Words& more) const {
    const ProcessResult result = gradus(Words{"summary", config(model), "--json"} + more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return test::parse_json(result.out);
  }
};

TEST_F(SummaryCommandTest, prints_a_table) {
  const ProcessResult result =
      gradus(Words{"summary", config("mlp"), "--batch", "2", "--set", R"(freeze=["1.*"])"} +
             random_images("[1, 28, 28]"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string start =
      "layer    type        input           output    parameters  multiply-adds  results\n"
      "(model)  Sequential  [2, 1, 28, 28]  [2, 10]\n"
      "  0      Flatten     [2, 1, 28, 28]  [2, 784]\n"
      "  1      Linear      [2, 784]        [2, 256]    200,960*        401,408  2,048 B\n"
      "  2      ReLU        [2, 256]        [2, 256]                             2,048 B\n"
      "  3      Linear      [2, 256]        [2, 128]      32,896         65,536  1,024 B\n"
      "  4      ReLU        [2, 128]        [2, 128]                             1,024 B\n"
      "  5      Linear      [2, 128]        [2, 10]        1,290          2,560     80 B\n"
      "235,146 parameters (918.5 KiB), 34,186 trainable, 200,960 frozen (*)\n"
      "469,504 multiply-adds; 6,224 B of results; ";
  EXPECT_EQ(result.out.substr(0, start.size()), start);
}

TEST_F(SummaryCommandTest, counts_the_work_of_resnet_20) {
  const Json resnet = summary("resnet", random_images("[3, 32, 32]") + Words{"--batch", "2"});
  EXPECT_EQ(resnet["multiply_adds"], 2 * 40'551'040);
  EXPECT_EQ(resnet["parameters"], 269'722);
}

TEST_F(SummaryCommandTest, refuses_as_other_commands_do) {
  const ProcessResult result = gradus({"summary", config("mlp"), "--batch", "0"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--batch")) << result.err;
}

}  // namespace
}  // namespace gradus
