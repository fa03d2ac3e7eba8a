#include "framework/bench/workloads.h"
#include "framework/ops/arithmetic.h"
#include "framework/tensor/creation.h"
#include "framework/train/trainer.h"

#include <algorithm>
#include <cmath>

namespace gradus::bench {
namespace {

// A config whose parts are told apart; the rest is alike in all workloads.
std::string config(const std::string& dataset, const std::string& model, const std::string& loss,
                   const std::string& optimizer, int batch) {
  return R"({"dataset": {"type": "random", )" + dataset + R"(}, "model": )" + model +
         R"(, "loss": {"type": ")" + loss + R"("}, "optimizer": )" + optimizer +
         R"(, "batch_size": )" + std::to_string(batch) + R"(, "shuffle": true, "seed": 1})";
}

const std::string kSgd = R"({"type": "sgd", "lr": 0.01, "momentum": 0.9})";
const std::string kAdam = R"({"type": "adam", "lr": 0.001})";
const std::string kAdamW = R"({"type": "adamw", "lr": 0.001})";
const std::string kMlp = R"({"type": "mlp", "hidden": [256, 128]})";
const std::string kDigits = R"("input_shape": [784], "outputs": 10, "size": 8192)";

std::vector<Workload> make_workloads() {
  const std::string higgs = R"("input_shape": [28], "outputs": 1, "target": "binary", "size": )";
  const std::string images = R"("input_shape": [1, 28, 28], "outputs": 10, "size": 8192)";
  const std::string pictures = R"("input_shape": [3, 32, 32], "outputs": 10, "size": 4096)";
  const std::string text = R"("input_shape": [64], "outputs": 65, "target": "token", "size": 6144)";
  return {
      {"mlp_sgd", "MLP 784-256-128-10, batch 64, SGD with momentum",
       config(kDigits, kMlp, "cross_entropy", kSgd, 64)},
      {"mlp_adam", "MLP 784-256-128-10, batch 64, Adam",
       config(kDigits, kMlp, "cross_entropy", kAdam, 64)},
      {"mlp_adam_1024", "MLP 784-256-128-10, batch 1024, Adam",
       config(kDigits, kMlp, "cross_entropy", kAdam, 1024)},
      {"higgs", "MLP 28-5x300-1 with tanh, batch 100, Adam, binary cross-entropy",
       config(higgs + "20000",
              R"({"type": "mlp", "hidden": [300, 300, 300, 300, 300], "activation": "tanh"})",
              "binary_cross_entropy_with_logits", kAdam, 100)},
      {"cnn", "CNN of two convolutions, 1x28x28, batch 64, Adam",
       config(images, R"({"type": "cnn", "channels": [32, 64], "hidden": 128})", "cross_entropy",
              kAdam, 64)},
      {"resnet20", "ResNet-20, 3x32x32, batch 64, SGD with momentum",
       config(pictures, R"({"type": "resnet", "depth": 20})", "cross_entropy", kSgd, 64)},
      {"gpt", "GPT of 4 layers, 4 heads, 128 wide, 64 tokens, batch 12, AdamW",
       config(text, R"({"type": "gpt", "layers": 4, "heads": 4, "embedding": 128})",
              "cross_entropy", kAdamW, 12)},
      {"graph", "(x-3)(x-6)(x-4), forward and backward, 0-dim", ""},
  };
}

Step graph_step() {
  const Tensor x = tensor(1.0F).requires_grad_();
  return {.run =
              [x] {
                const Tensor y = (x - 3) * (x - 6) * (x - 4);
                y.backward();
                x.set_grad({});
              },
          .config = nullptr};
}

// What train() does for a step, without its log and its checkpoints.
struct Training {
  Trainer trainer;
  data::DataLoader loader;
  std::int64_t epoch = 0;

  explicit Training(const Json& json)
      : trainer(Config(json)), loader(trainer.data().train, trainer.loader_options()) {
    trainer.model().train();
    loader.start_epoch(++epoch);
  }
  void step() {
    auto batch = loader.next();
    if (!batch) {
      loader.start_epoch(++epoch);
      batch = loader.next();
    }
    const float loss = trainer.step(*batch);
    if (!std::isfinite(loss)) {
      throw Error("the loss is " + std::to_string(loss) +
                  ": steps without an update are not worth timing; a smaller optimizer.lr may "
                  "help");
    }
  }
};

}  // namespace

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = make_workloads();
  return all;
}

const Workload& find_workload(const std::string& name) {
  std::vector<std::string> names;
  for (const Workload& each : workloads()) {
    if (each.name == name) return each;
    names.push_back(each.name);
  }
  throw ConfigError("--workload", "unknown workload \"" + name + "\"" + suggest(name, names));
}

Step training_step(const Json& config) {
  const auto training = std::make_shared<Training>(config);
  const Config& checked = training->trainer.config();
  std::int64_t parameters = 0;
  for (const auto& each : training->trainer.model().named_parameters()) {
    parameters += each.tensor.numel();
  }
  return {.run = [training] { training->step(); },
          .examples = std::min(checked.run.batch_size, training->trainer.data().train->size()),
          .parameters = parameters,
          .config = *checked.resolved};
}

Step step_of(const Workload& workload) {
  return workload.config.empty() ? graph_step() : training_step(Json::parse(workload.config));
}

}  // namespace gradus::bench
