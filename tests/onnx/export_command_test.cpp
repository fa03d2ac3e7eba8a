// `gradus export`: the weights of a run's checkpoint, averaged ones where there are, and what the
// file says of the data.
#include <gtest/gtest.h>
#include "framework/train/checkpoint.h"

#include <onnx.pb.h>
#include <cstring>

#include "tests/support/json.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::Words;

class ExportCommandTest : public test::ProgramTest {
 protected:
  [[nodiscard]] onnx::pb::ModelProto read(const std::string& name) const {
    onnx::pb::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(test::read_text(folder_ / name)));
    return model;
  }
};

TEST_F(ExportCommandTest, WritesTheAveragedWeightsOfACheckpoint) {
  const Words ema = {"--set", "ema.decay=0.5"};
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1) + ema)).exit_code, 0);
  const std::filesystem::path saved = checkpoints("run").back();
  const auto result = gradus(Words{"export"} + small("mlp") + ema +
                             Words{"--checkpoint", saved.string(), "-o", "mlp.onnx"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "wrote mlp.onnx\n");

  const Checkpoint checkpoint = load_checkpoint(saved);
  ASSERT_FALSE(checkpoint.trained.empty());
  const onnx::pb::ModelProto model = read("mlp.onnx");
  std::size_t found = 0;
  for (const auto& initializer : model.graph().initializer()) {
    for (const auto& [name, tensor] : checkpoint.model) {
      if (name != initializer.name()) continue;
      ++found;
      ASSERT_EQ(initializer.raw_data().size(), tensor.nbytes());
      EXPECT_EQ(std::memcmp(initializer.raw_data().data(), tensor.raw().data, tensor.nbytes()), 0)
          << name;
    }
  }
  EXPECT_EQ(found, checkpoint.model.size());
}

TEST_F(ExportCommandTest, TellsOfTheConfigAndTheData) {
  ASSERT_EQ(gradus(train("cnn", "run", epochs(1))).exit_code, 0);
  const auto result =
      gradus(Words{"export"} + small("cnn") +
             Words{"--checkpoint", checkpoints("run").back().string(), "-o", "cnn.onnx"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const onnx::pb::ModelProto model = read("cnn.onnx");
  std::map<std::string, std::string> facts;
  for (const auto& each : model.metadata_props()) facts[each.key()] = each.value();
  EXPECT_EQ(test::parse_json(facts["config"])["model"]["channels"], (Json{4, 6}));
  EXPECT_EQ(test::parse_json(facts["classes"]).size(), 10U);
  EXPECT_EQ(model.graph().name(), "cnn");
  EXPECT_TRUE(contains(model.doc_string(), "fashion_mnist")) << model.doc_string();
  for (const auto& node : model.graph().node()) EXPECT_NE(node.op_type(), "Dropout");
}

TEST_F(ExportCommandTest, RefusesWhatItCannotWrite) {
  const auto ending =
      gradus(Words{"export"} + small("mlp") + Words{"--checkpoint", "none", "-o", "mlp.pt"});
  EXPECT_NE(ending.exit_code, 0);
  EXPECT_TRUE(contains(ending.err, "models are exported as .onnx")) << ending.err;
  const auto missing = gradus(Words{"export"} + small("mlp") +
                              Words{"--checkpoint", "none.safetensors", "-o", "mlp.onnx"});
  EXPECT_NE(missing.exit_code, 0);
  EXPECT_TRUE(contains(missing.err, "none.safetensors")) << missing.err;
}

}  // namespace
}  // namespace gradus
