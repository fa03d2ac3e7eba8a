// Weights of files: strict, as far as they fit, and of a trained model.
#include "framework/train/weights.h"
#include <gtest/gtest.h>
#include "framework/nn/layers.h"
#include "framework/tensor/creation.h"
#include "framework/train/checkpoint.h"

#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

class WeightsTest : public testing::Test {
 protected:
  static nn::Sequential net(std::int64_t outputs) {
    return nn::Sequential(nn::Linear(2, 3), nn::ReLU(), nn::Linear(3, outputs));
  }

  // A checkpoint of a net with two outputs: all ones, averages of twos, some state.
  std::string checkpoint() const {
    Checkpoint saved;
    for (const auto& [name, tensor] : net(2)->state_dict()) {
      saved.model.push_back({name, ones(tensor.sizes())});
      saved.trained.push_back({name, full(tensor.sizes(), 2.0, kFloat32)});
      saved.optimizer.push_back({name + "/exp_avg", zeros(tensor.sizes())});
    }
    const std::string path = folder_ / "saved.safetensors";
    save_checkpoint(path, saved);
    return path;
  }

  static std::vector<float> values(const nn::Sequential& net, std::size_t i) {
    return net->state_dict()[i].tensor.to_vector<float>();
  }

  test::TempDir folder_;
};

TEST_F(WeightsTest, AllOfACheckpointsModelAreTakenAndNothingElse) {
  const nn::Sequential model = net(2);
  load_weights(*model, checkpoint());
  for (std::size_t i = 0; i < 4; ++i) {
    for (const float each : values(model, i)) EXPECT_EQ(each, 1);
  }
}

TEST_F(WeightsTest, OfAnotherModelNothingIsTakenAndTheErrorNamesTheFile) {
  const nn::Sequential model = net(5);
  const std::vector<float> before = values(model, 0);
  const std::string path = checkpoint();
  EXPECT_EQ(test::message_of([&] { load_weights(*model, path); }),
            path +
                ": load_state_dict: the names, shapes or dtypes differ:\n"
                "  misfit: 2.weight is [5, 3] here and [2, 3] there\n"
                "  misfit: 2.bias is [5] here and [2] there");
  EXPECT_EQ(values(model, 0), before);
}

TEST_F(WeightsTest, WhatFitsIsTakenAndTheRestIsTold) {
  const nn::Sequential model = net(5);
  const std::vector<float> head = values(model, 2);
  const std::string path = checkpoint();
  EXPECT_EQ(load_fitting_weights(*model, path),
            "2 of 4 tensors from " + path +
                "; not taken:\n"
                "  misfit: 2.weight is [5, 3] here and [2, 3] there\n"
                "  misfit: 2.bias is [5] here and [2] there");
  EXPECT_EQ(values(model, 0), std::vector<float>(6, 1));
  EXPECT_EQ(values(model, 1), std::vector<float>(3, 1));
  EXPECT_EQ(values(model, 2), head);
  EXPECT_EQ(load_fitting_weights(*net(2), path), "4 of 4 tensors from " + path);
}

TEST_F(WeightsTest, WhereNothingFitsIsAnError) {
  nn::Sequential other;
  other->push_back(nn::Conv2d(1, 2, 3));
  const std::string path = checkpoint();
  const std::string text = test::message_of([&] { load_fitting_weights(*other, path); });
  EXPECT_NE(text.find(path + ": none of its weights fits this model:\n"), std::string::npos);
  EXPECT_NE(text.find("misfit: 0.weight is [2, 1, 3, 3] here and [3, 2] there"), std::string::npos)
      << text;
  EXPECT_NE(text.find("unexpected: 2.weight [2, 3]"), std::string::npos) << text;
}

}  // namespace
}  // namespace gradus
