// `gradus diff`: which tensors of two files are the same, and by how much others are not.
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"
#include "framework/train/safetensors.h"
#include "framework/train/weights_diff.h"

#include <cmath>

#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::ProcessResult;

class DiffCommandTest : public test::ProgramTest {
 protected:
  void write(const std::string& name, const nn::StateDict& tensors,
             const std::string& note = "x") const {
    write_safetensors(folder_ / name, {tensors, {{"note", note}}});
  }
};

TEST_F(DiffCommandTest, says_that_all_is_the_same) {
  const nn::StateDict tensors = {{"a", rand({3, 4})}, {"b", arange(0, 5, 1, kInt64)}};
  write("a.safetensors", tensors);
  write("b.safetensors", tensors);
  const ProcessResult brief = gradus({"diff", "a.safetensors", "b.safetensors"});
  EXPECT_EQ(brief.exit_code, 0) << brief.err;
  EXPECT_EQ(brief.out, "2 of 2 tensors are the same\n");
  EXPECT_EQ(gradus({"diff", "a.safetensors", "b.safetensors", "--all"}).out,
            "a  same\nb  same\n2 of 2 tensors are the same\n");
}

TEST_F(DiffCommandTest, names_what_differs_and_by_how_much) {
  write("a.safetensors", {{"bias", tensor({3.0F, 4.0F})},
                          {"gone", zeros({2})},
                          {"same", ones({3})},
                          {"shape", zeros({2, 3})}});
  write("b.safetensors",
        {{"bias", tensor({3.0F, 4.5F})},
         {"new", zeros({1, 2}, kInt64)},
         {"same", ones({3})},
         {"shape", zeros({3, 2})}},
        "y");
  const ProcessResult result = gradus({"diff", "a.safetensors", "b.safetensors"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out,
            "bias   1 of 2 differ, by up to 0.5; relative 0.1\n"
            "gone   only in the first: float32 [2]\n"
            "shape  float32 [2, 3] and float32 [3, 2]\n"
            "new    only in the second: int64 [1, 2]\n"
            "1 of 5 tensors are the same\n"
            "metadata differ at /note\n");
}

TEST_F(DiffCommandTest, compares_the_bits) {
  const float nan = std::nanf("");
  write("a.safetensors", {{"x", tensor({0.0F, nan, 1.0F})}});
  write("b.safetensors", {{"x", tensor({-0.0F, nan, nan})}});
  const auto found = differences(read_safetensors(folder_ / "a.safetensors").tensors,
                                 read_safetensors(folder_ / "b.safetensors").tensors);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].differing, 2);
  EXPECT_TRUE(std::isnan(found[0].largest));
  EXPECT_EQ(gradus({"diff", "a.safetensors", "a.safetensors"}).exit_code, 0);
}

TEST_F(DiffCommandTest, tells_two_checkpoints_of_a_run_apart) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(2))).exit_code, 0);
  ASSERT_EQ(gradus(train("mlp", "again", epochs(2))).exit_code, 0);
  const std::string first = checkpoints("run")[0].string();
  const std::string last = checkpoints("run")[1].string();
  EXPECT_EQ(gradus({"diff", last, checkpoints("again")[1].string()}).exit_code, 0);
  const ProcessResult result = gradus({"diff", first, last});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.out, "optimizer/1.weight/exp_avg"));
  EXPECT_TRUE(contains(result.out, "metadata differ at /gradus/loop/step\n"));
}

TEST_F(DiffCommandTest, a_file_that_cannot_be_read_is_error_2) {
  write("a.safetensors", {{"x", zeros({2})}});
  test::write_text(folder_ / "broken.safetensors", "no checkpoint");
  const ProcessResult broken = gradus({"diff", "a.safetensors", "broken.safetensors"});
  EXPECT_EQ(broken.exit_code, 2);
  EXPECT_TRUE(broken.err.starts_with("gradus: broken.safetensors")) << broken.err;
  const ProcessResult missing = gradus({"diff", "none.safetensors", "a.safetensors"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_TRUE(contains(missing.err, "cannot open none.safetensors")) << missing.err;
}

}  // namespace
}  // namespace gradus
