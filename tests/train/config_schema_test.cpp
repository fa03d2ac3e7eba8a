// The schema of configs against what Config itself takes and refuses, and against an independent
// validator (Debian's python3-jsonschema).
#include "framework/train/config_schema.h"
#include <gtest/gtest.h>
#include "framework/train/config.h"
#include "framework/train/program.h"

#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/support/config_mutants.h"
#include "tests/support/json.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

const std::filesystem::path kSource = test::source_path();

// What the program says of a config, and its exit code.
struct Verdict {
  int code = 0;
  std::string message;
};

Verdict judge(const Json& config, const test::TempDir& folder) {
  const std::string path = (folder / "config.json").string();
  test::write_text(path, test::dump(config));
  std::string words[] = {"gradus", "train", path, "--out", (folder / "run").string()};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  const std::ostringstream said;
  std::streambuf* const before = std::cerr.rdbuf(said.rdbuf());
  const int code = program(static_cast<int>(argv.size()), argv.data());
  std::cerr.rdbuf(before);
  return {code, said.str()};
}

TEST(ConfigSchema, every_component_has_a_valid_config_and_at_least_500_faulty_ones) {
  const test::ConfigMutants mutants(config_schema());
  for (const auto& [name, config] : mutants.bases()) {
    EXPECT_NO_THROW(const Config checked(config)) << name << ": " << test::dump(config);
  }
  const test::TempDir folder;
  const std::vector<test::ConfigMutant> all = mutants.all();
  EXPECT_GE(all.size(), 500U);
  for (const test::ConfigMutant& mutant : all) {
    const Verdict verdict = judge(mutant.config, folder);
    EXPECT_EQ(verdict.code, 2) << test::dump(mutant.config);
    EXPECT_TRUE(verdict.message.starts_with("gradus: " + mutant.path + ": ") &&
                verdict.message.find(mutant.reason) != std::string::npos)
        << test::dump(mutant.config) << "\nmust be refused at " << mutant.path << " ("
        << mutant.reason << "), but:\n"
        << verdict.message;
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  RecordProperty("mutants", static_cast<int>(all.size()));
}

// Every line of the file that the script reads is a config, and whether it is valid.
TEST(ConfigSchema, an_independent_validator_agrees) {
  const test::TempDir folder;
  test::write_text(folder / "schema.json", test::dump(config_schema()));
  std::ofstream cases(folder / "cases.jsonl");
  const auto add = [&](const Json& config, bool is_valid) {
    cases << test::dump({{"config", config}, {"valid", is_valid}}) << '\n';
  };
  for (const auto& file : std::filesystem::directory_iterator(kSource / "models")) {
    if (file.path().extension() != ".json") continue;
    add(test::parse_json(test::read_text(file.path())), true);
    add(*Config::load(file.path()).resolved, true);
  }
  const test::ConfigMutants mutants(config_schema());
  for (const auto& [name, config] : mutants.bases()) add(config, true);
  for (const test::ConfigMutant& mutant : mutants.all()) add(mutant.config, false);
  add(test::parse_json(R"({"extends": "cnn.json", "model": {"hidden": 64}, "schedule": null})"),
      true);
  add(test::parse_json(R"({"extends": "cnn.json", "model": {"type": "cnn", "hiden": 64}})"), false);
  cases.close();
  const auto checked =
      test::Process({"/usr/bin/python3", (kSource / "tests/train/validate_configs.py").string(),
                     (folder / "schema.json").string(), (folder / "cases.jsonl").string()})
          .finish();
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  EXPECT_EQ(checked.out.substr(0, 4), "ok: ") << checked.out << checked.err;
}

TEST(ConfigSchema, shapes_that_do_not_fit_are_faults_too) {
  const auto base = [](const std::string& shape) {
    return test::parse_json(
        R"({"dataset": {"type": "random", "outputs": 4, "size": 8, "test_size": 4,
                        "input_shape": )" +
        shape + R"(}, "model": {"type": "mlp"}, "loss": {"type": "cross_entropy"},
                "optimizer": {"type": "sgd"}})");
  };
  struct Fault {
    const char* shape;
    std::string setting;
    std::string message;
  };
  const auto layers = [](const std::string& list) {
    return R"(model={"type": "sequential", "layers": [)" + list + "]}";
  };
  const std::string head = R"({"type": "flatten"}, {"type": "linear", "in_features": 64,)";
  const Fault faults[] = {
      {"[1, 8, 8]", layers(R"({"type": "linear", "in_features": 3, "out_features": 4})"),
       "/model: does not fit the data, of shape [1, 8, 8]: "},
      {"[1, 8, 8]", layers(R"({"type": "conv2d", "in_channels": 3, "out_channels": 2,
                               "kernel_size": 3})"),
       "/model: does not fit the data, of shape [1, 8, 8]: "},
      {"[1, 8, 8]", layers(R"({"type": "conv2d", "in_channels": 1, "out_channels": 2,
                               "kernel_size": 9})"),
       "/model: does not fit the data, of shape [1, 8, 8]: "},
      {"[1, 8, 8]", layers(R"({"type": "batch_norm2d", "num_features": 2})"), "/model: "},
      {"[1, 8, 8]", layers(R"({"type": "residual", "layers": [{"type": "flatten"}]})"), "/model: "},
      {"[1, 8, 8]", layers(R"({"type": "unflatten", "dim": 1, "sizes": [3, 5]})"), "/model: "},
      {"[1, 8, 8]", layers(head + R"("out_features": 3})"), "/model: has 3 outputs, the data 4"},
      {"[1, 8, 8]", R"(model={"type": "cnn", "channels": [2, 2, 2, 2]})", "/model: cnn: "},
      {"[1, 8, 8]", R"(model={"type": "gpt"})", "/model: gpt: "},
      {"[1, 8, 8]", R"(model={"type": "char_lstm"})", "/model: char_lstm: "},
      {"[5]", R"(model={"type": "resnet"})", "/model: resnet: "},
      {"[5]", R"(model={"type": "cnn"})", "/model: cnn: "},
      {"[5]", R"(dataset.transforms=["random_crop"])", "/dataset/transforms: do not fit the data"},
      {"[1, 8, 8]", R"(dataset.transforms=[{"type": "normalize", "mean": [1, 2]}])",
       "/dataset/transforms: do not fit the data"},
      {"[5]", "loss.type=mse", "/loss: does not fit the model's output, of shape [1, 4]: "},
      {"[5]", "loss.weight=[1, 2]", "/loss: does not fit the model's output, of shape [1, 4]: "},
      {"[5]", R"(metrics=["mae"])", "/metrics: do not fit the model and the data: "},
      {"[5]", R"(optimizer.groups=[{"match": "nothing"}])", "/optimizer/groups/0/match: "},
  };
  const test::TempDir folder;
  for (const Fault& fault : faults) {
    const Verdict verdict = judge(with_settings(base(fault.shape), {fault.setting}), folder);
    EXPECT_EQ(verdict.code, 2) << fault.setting;
    EXPECT_TRUE(verdict.message.starts_with("gradus: " + fault.message)) << fault.setting << "\n"
                                                                         << verdict.message;
  }
}

TEST(ConfigSchema, tells_what_options_mean) {
  const Json schema = config_schema();
  EXPECT_EQ(schema["properties"]["epochs"],
            test::parse_json(R"({"description": "passes over the training data", "type": "integer",
                            "minimum": 1, "default": 1})"));
  const auto& optimizers = schema["definitions"]["optimizer"]["oneOf"];
  const auto adam = std::find_if(optimizers.begin(), optimizers.end(),
                                 [](const Json& each) { return each["title"] == "adam"; });
  ASSERT_NE(adam, optimizers.end());
  EXPECT_EQ((*adam)["properties"]["betas"]["items"],
            test::parse_json(R"({"type": "number", "minimum": 0, "exclusiveMaximum": 1})"));
  EXPECT_EQ((*adam)["properties"]["groups"]["items"]["required"], test::parse_json(R"(["match"])"));
  EXPECT_EQ((*adam)["additionalProperties"], false);
}

}  // namespace
}  // namespace gradus
