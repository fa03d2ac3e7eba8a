// Configs: the shipped ones are valid, and every fault is refused with its path, the reason and a
// suggestion.
#include "framework/train/config.h"
#include <gtest/gtest.h>

#include "tests/support/json.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

const std::filesystem::path kModels = test::source_path("models");

// Without the components that user_errors_test.cpp registers in this program.
std::string without_fragile(std::string message) {
  const std::string name = "fragile, ";
  const std::size_t at = message.find(name);
  return at == std::string::npos ? message : message.erase(at, name.size());
}

// What is said of a shipped config with one setting changed.
std::string refusal(const std::string& model, const std::string& setting) {
  return without_fragile(test::message_of<ConfigError>(
      [&] { const Config config(load_config(kModels / (model + ".json"), {setting})); }));
}

// What is said of a config file with this text.
std::string refusal_of_text(const std::string& text) {
  const test::TempDir folder;
  test::write_text(folder / "config.json", text);
  const std::string message = without_fragile(test::message_of<ConfigError>(
      [&] { const Config config(load_config(folder / "config.json")); }));
  const std::string name = (folder / "config.json").string();
  const std::size_t at = message.find(name);
  return at == std::string::npos ? message : std::string(message).replace(at, name.size(), "FILE");
}

// models/*.json.
std::vector<std::string> shipped() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(kModels)) {
    if (file.path().extension() == ".json") names.push_back(file.path().filename().string());
  }
  EXPECT_GE(names.size(), 15U);
  return names;
}

TEST(Config, shipped_ones_are_valid) {
  for (const std::string& name : shipped()) {
    EXPECT_NO_THROW(Config(load_config(kModels / name))) << name;
  }
}

TEST(Config, resolves_to_every_option_and_reads_back_the_same) {
  for (const std::string& name : shipped()) {
    const Config config(load_config(kModels / name));
    EXPECT_EQ(*Config(*config.resolved).resolved, *config.resolved) << name;
  }
  const Json json = *Config::load(kModels / "sequential.json").resolved;
  EXPECT_EQ(json["dataset"]["limit"], 0);
  EXPECT_EQ(json["optimizer"]["nesterov"], false);
  EXPECT_EQ(json["model"]["layers"][0]["stride"], test::parse_json("[1, 1]"));
  EXPECT_EQ(json["model"]["layers"][2], test::parse_json(R"({"type": "relu"})"));
}

TEST(Config, needs_no_more_than_its_parts) {
  const Config config(test::parse_json(R"({"dataset": {"type": "mnist"}, "model": {"type": "mlp"},
      "loss": {"type": "cross_entropy"}, "optimizer": {"type": "sgd"}})"));
  EXPECT_EQ(config.run.epochs, 1);
  EXPECT_TRUE(config.run.shuffle);
  EXPECT_EQ(config.checkpoint.keep, 3);
  EXPECT_EQ((*config.resolved)["metrics"], "default");
  EXPECT_EQ((*config.resolved)["checkpoint"]["every_steps"], 0);
  EXPECT_FALSE(config.schedule);
  EXPECT_FALSE(config.resolved->contains("schedule"));
}

TEST(Config, faults_are_named_with_path_reason_and_suggestion) {
  const std::pair<const char*, const char*> cases[] = {
      {"epoch=3", "/epoch: unknown key (did you mean \"epochs\"?)"},
      {"optimizr.lr=3", "/optimizr: unknown key (did you mean \"optimizer\"?)"},
      {"epochs=0", "/epochs: 0 is out of range: must be >= 1"},
      {"accumulate_steps=0", "/accumulate_steps: 0 is out of range: must be >= 1"},
      {"ema.decay=1", "/ema/decay: 1 is out of range: must be >= 0 and < 1"},
      {"ema=true", "/ema: expected an object, got boolean true"},
      {"early_stopping.patience=0", "/early_stopping/patience: 0 is out of range: must be >= 1"},
      {"early_stopping.metric=loss",
       "/early_stopping/metric: no name of a metric: \"loss\" (valid: train_loss, test_loss, "
       "test_accuracy, validation_loss and so on)"},
      {"checkpoint.best=accuracy",
       "/checkpoint/best: no name of a metric: \"accuracy\" (valid: train_loss, test_loss, "
       "test_accuracy, validation_loss and so on, none)"},
      {"clip_grad_norm=-1", "/clip_grad_norm: -1 is out of range: must be >= 0"},
      {"epochs=1.5", "/epochs: expected an integer, got number 1.5"},
      {"epochs=", "/epochs: expected an integer, got string \"\""},
      {"batch_size=-1", "/batch_size: -1 is out of range: must be >= 1"},
      {"shuffle=yes", "/shuffle: expected true or false, got string \"yes\""},
      {"seed=-1", "/seed: -1 is out of range: must be >= 0"},
      {"checkpoint=5", "/checkpoint: expected an object, got number 5"},
      {"checkpoint.keep=0", "/checkpoint/keep: 0 is out of range: must be >= 1"},
      {"checkpoint.every_step=1",
       "/checkpoint/every_step: unknown key (did you mean \"every_steps\"?)"},
      {"optimizer.type=adamm",
       "/optimizer/type: unknown optimizer \"adamm\" (did you mean \"adam\"?)"},
      {"optimizer.lr=fast", "/optimizer/lr: expected a number, got string \"fast\""},
      {"optimizer.lr=-0.1", "/optimizer/lr: -0.1 is out of range: must be >= 0"},
      {"optimizer.betas=[0.9,1]", "/optimizer/betas: 1 is out of range: must be >= 0 and < 1"},
      {"optimizer.momentum=0.9",
       "/optimizer/momentum: unknown key (valid: type, lr, betas, eps, weight_decay, amsgrad, "
       "groups, decay_norms_and_biases)"},
      {"optimizer={\"lr\": 1}",
       "/optimizer/type: expected the name of the optimizer (valid: adadelta, adagrad, adam, "
       "adamw, "
       "lamb, lbfgs, lion, muon, nadam, radam, rmsprop, sgd)"},
      {"optimizer=adam", "/optimizer: expected an object such as {\"type\": \"adadelta\"}"},
      {"loss.type=crossentropy",
       "/loss/type: unknown loss \"crossentropy\" (did you mean \"cross_entropy\"?)"},
      {"loss.reduction=none", "/loss/reduction: unknown value \"none\" (valid: mean, sum)"},
      {"schedule.typ=cosine",
       "/schedule/type: expected the name of the schedule (valid: chained, constant, cosine, "
       "cosine_restarts, exponential, linear, multistep, one_cycle, polynomial, reduce_on_plateau, "
       "step, warmup)"},
      {"schedule={\"type\": \"cosine\", \"eta_mn\": 1}",
       "/schedule/eta_mn: unknown key (did you mean \"eta_min\"?)"},
      {"dataset.type=fashion-mnist",
       "/dataset/type: unknown dataset \"fashion-mnist\" (did you mean \"fashion_mnist\"?)"},
      {"dataset.std=0", "/dataset/std: 0 is out of range: must be > 0"},
      {"model.hiden=[1]", "/model/hiden: unknown key (did you mean \"hidden\"?)"},
      {"model.hidden.1=0", "/model/hidden/1: 0 is out of range: must be >= 1"},
      {"model.dropout=1", "/model/dropout: 1 is out of range: must be >= 0 and < 1"},
  };
  for (const auto& [setting, message] : cases) EXPECT_EQ(refusal("mlp", setting), message);
}

TEST(Config, faults_in_groups_are_named_by_their_index) {
  const std::pair<const char*, const char*> cases[] = {
      {"optimizer.groups={}",
       "/optimizer/groups: expected a list of objects such as {\"match\": \"*.bias\", \"lr\": "
       "0.01}"},
      {"optimizer.groups=[3]",
       "/optimizer/groups/0: expected a list of objects such as {\"match\": \"*.bias\", \"lr\": "
       "0.01}"},
      {"optimizer.groups=[{\"match\": \"*\"}, {\"lr\": 1}]",
       "/optimizer/groups/1/match: expected a pattern of parameter names, such as \"*.bias\""},
      {"optimizer.groups=[{\"match\": \"*\", \"lrr\": 1}]",
       "/optimizer/groups/0/lrr: unknown key (did you mean \"lr\"?)"},
      {"optimizer.groups=[{\"match\": \"*\", \"lr\": -1}]",
       "/optimizer/groups/0/lr: -1 is out of range: must be >= 0"},
      {"optimizer={\"type\": \"lbfgs\", \"groups\": []}",
       "/optimizer/groups: unknown key (valid: type, lr, max_iter, max_eval, tolerance_grad, "
       "tolerance_change, history_size, line_search_fn)"},
  };
  for (const auto& [setting, message] : cases) EXPECT_EQ(refusal("mlp", setting), message);
}

TEST(Config, keeps_groups_as_they_are_given) {
  const Json groups = test::parse_json(R"([{"match": "*.bias", "weight_decay": 0}])");
  Json json = load_config(kModels / "mlp.json");
  json["optimizer"]["groups"] = groups;
  const Config config(json);
  EXPECT_EQ((*config.resolved)["optimizer"]["groups"], groups);
  EXPECT_EQ((*config.resolved)["optimizer"]["decay_norms_and_biases"], true);
  EXPECT_EQ(*Config(*config.resolved).resolved, *config.resolved);
}

TEST(Config, faults_in_layers_are_named_by_their_index) {
  const std::pair<const char*, const char*> cases[] = {
      {"model.layers.0.kernel_size=0",
       "/model/layers/0/kernel_size: 0 is out of range: must be >= 1"},
      {"model.layers.0.pading=1",
       "/model/layers/0/pading: unknown key (did you mean \"padding\"?)"},
      {"model.layers.2.type=rellu",
       "/model/layers/2/type: unknown layer \"rellu\" (did you mean \"relu\"?)"},
      {"model.layers.4=flatten",
       "/model/layers/4: expected an object such as {\"type\": \"adaptive_avg_pool2d\"}"},
      {"model.layers.6={\"type\": \"linear\", \"in_features\": 3}",
       "/model/layers/6/out_features: missing; size of the last dim of the output (integer)"},
      {"model.layers={}", "/model/layers: expected a list of layers"},
      {"model={\"type\": \"sequential\"}",
       "/model/layers: missing; the layers in a row, each {\"type\": ..., its options} (list)"},
  };
  for (const auto& [setting, message] : cases) EXPECT_EQ(refusal("sequential", setting), message);
}

TEST(Config, missing_parts_are_named) {
  EXPECT_EQ(refusal_of_text(R"({"dataset": {"type": "mnist"}, "model": {"type": "mlp"},
                                "loss": {"type": "mse"}})"),
            "/optimizer: missing; expected an object with the \"type\" of the optimizer (valid: "
            "adadelta, adagrad, adam, adamw, lamb, lbfgs, lion, muon, nadam, radam, rmsprop, sgd)");
  EXPECT_EQ(refusal_of_text("[]"), "/: expected an object, got array []");
}

TEST(Config, files_that_are_no_strict_json_are_refused) {
  EXPECT_EQ(refusal_of_text(R"({"seed": 1, "seed": 2})"),
            "config: FILE: the key \"seed\" stands twice");
  EXPECT_EQ(refusal_of_text(R"({"model": {"type": "mlp", "type": "cnn"}})"),
            "config: FILE: the key \"type\" stands twice");
  EXPECT_NE(
      refusal_of_text("{\n\"seed\": 1,\n}").find("FILE: no valid JSON: parse error at line 3"),
      std::string::npos);
  for (const char* text : {"", "{", "{\"a\": 1} x", "{\"\xff\": 1}", "{\"seed\": 1e999}"}) {
    EXPECT_NE(refusal_of_text(text).find("FILE: no valid JSON: "), std::string::npos) << text;
  }
  EXPECT_NE(refusal_of_text(std::string(100'000, '[')).find("nested too deeply"),
            std::string::npos);
  EXPECT_EQ(test::message_of<ConfigError>([] { load_config("/no/such.json"); }),
            "config: cannot open /no/such.json: No such file or directory");
}

TEST(Settings, take_json_or_else_a_string) {
  const Json json = load_config(kModels / "mlp.json",
                                {"optimizer.lr=0.5", "shuffle=false", "dataset.path=/a/b=c",
                                 "model.hidden.0=7", "checkpoint={\"keep\": 9}", "new.deep.key=x"});
  EXPECT_EQ(json["optimizer"]["lr"], 0.5);
  EXPECT_EQ(json["shuffle"], false);
  EXPECT_EQ(json["dataset"]["path"], "/a/b=c");
  EXPECT_EQ(json["model"]["hidden"], test::parse_json("[7, 128]"));
  EXPECT_EQ(json["checkpoint"], test::parse_json(R"({"keep": 9})"));
  EXPECT_EQ(json["new"]["deep"]["key"], "x");
}

TEST(Settings, later_ones_win) {
  const Json json = load_config(kModels / "mlp.json", {"seed=2", "seed=3"});
  EXPECT_EQ(json["seed"], 3);
}

TEST(Settings, without_a_place_are_refused) {
  const std::pair<const char*, const char*> cases[] = {
      {"seed", "--set seed: expected path.to.key=value"},
      {"=1", "--set =1: expected path.to.key=value"},
      {"seed.x=1", "--set seed.x=1: /seed has no place for \"x\""},
      {".seed=1", "--set .seed=1: / has no place for \"\""},
      {"model.=1", "--set model.=1: /model has no place for \"\""},
      {"model.hidden.2=1", "--set model.hidden.2=1: /model/hidden has no place for \"2\""},
      {"model.hidden.-1=1", "--set model.hidden.-1=1: /model/hidden has no place for \"-1\""},
      {"model.hidden.0x=1", "--set model.hidden.0x=1: /model/hidden has no place for \"0x\""},
  };
  for (const auto& [setting, message] : cases) EXPECT_EQ(refusal("mlp", setting), message);
}

TEST(DifferingKeys, are_paths) {
  const Json a = test::parse_json(R"({"x": 1, "y": {"z": [1, 2], "same": 0}, "gone": 1})");
  const Json b = test::parse_json(R"({"y": {"z": [1, 3], "same": 0}, "x": 1, "new": 1})");
  EXPECT_EQ(differing_keys(a, b), (std::vector<std::string>{"/y/z", "/gone", "/new"}));
  EXPECT_TRUE(differing_keys(a, a).empty());
}

}  // namespace
}  // namespace gradus
