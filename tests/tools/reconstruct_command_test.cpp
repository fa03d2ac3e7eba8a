// `gradus reconstruct`: pictures of the shipped autoencoders on a small data set.
#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class ReconstructCommandTest : public test::ProgramTest {
 protected:
  Words trained(const std::string& model) const {
    const Words small = {config(model), "--set", "dataset.path=data", "--set", "model.hidden=[16]"};
    const ProcessResult result = gradus(Words{"train"} + small + Words{"--out", model} + epochs(1));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const std::string checkpoint = checkpoints(model).back().string();
    return Words{"reconstruct"} + small + Words{"--checkpoint", checkpoint};
  }
  // Of a PNG file, as its header says.
  [[nodiscard]] std::pair<int, int> size_of(const std::string& name) const {
    const std::string file = test::read_text(folder_ / name);
    const auto number = [&](std::size_t at) {
      return static_cast<unsigned char>(file[at]) * 256 + static_cast<unsigned char>(file[at + 1]);
    };
    return {number(18), number(22)};
  }
};

TEST_F(ReconstructCommandTest, draws_images_above_what_the_model_makes_of_them) {
  const Words command = trained("autoencoder");
  const ProcessResult result = gradus(command + Words{"-o", "a.png"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("mean squared error of 16 images: 0.")) << result.out;
  EXPECT_TRUE(contains(result.out, "wrote a.png\n"));
  // Images of 8 x 8 with borders of 2: eight in a row, two pairs of rows.
  EXPECT_EQ(size_of("a.png"), (std::pair(8 * 10 + 2, 4 * 10 + 2)));
  ASSERT_EQ(gradus(command + Words{"-o", "b.png", "--count", "11"}).exit_code, 0);
  EXPECT_EQ(size_of("b.png"), size_of("a.png"));
  ASSERT_EQ(gradus(command + Words{"-o", "c.png", "--count", "3"}).exit_code, 0);
  EXPECT_EQ(size_of("c.png"), (std::pair(3 * 10 + 2, 2 * 10 + 2)));
  const ProcessResult sample = gradus(command + Words{"-o", "d.png", "--sample", "3"});
  EXPECT_EQ(sample.exit_code, 2);
  EXPECT_EQ(sample.err,
            "gradus: /model: makes no examples of its own, so there is nothing to --sample\n");
}

TEST_F(ReconstructCommandTest, draws_what_a_vae_makes_by_itself) {
  const Words command = trained("vae");
  const ProcessResult result = gradus(command + Words{"-o", "a.png", "--sample", "20"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "wrote a.png\n");
  EXPECT_EQ(size_of("a.png"), (std::pair(8 * 10 + 2, 3 * 10 + 2)));
}

TEST_F(ReconstructCommandTest, says_what_cannot_be_drawn) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const std::string checkpoint = checkpoints("run").back().string();
  const Words command =
      Words{"reconstruct"} + small("mlp") + Words{"--checkpoint", checkpoint, "-o"};
  const ProcessResult classifier = gradus(command + Words{"a.png"});
  EXPECT_EQ(classifier.exit_code, 2);
  EXPECT_EQ(classifier.err,
            "gradus: /model: makes outputs [16, 10] of images [16, 1, 8, 8], which are no "
            "reconstructions of them\n");
  const ProcessResult ending = gradus(command + Words{"a.jpg"});
  EXPECT_EQ(ending.exit_code, 2);
  EXPECT_TRUE(contains(ending.err, "a.jpg: pictures are saved as .png")) << ending.err;
}

}  // namespace
}  // namespace gradus
