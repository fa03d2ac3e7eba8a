// Config files: comments, and files that build on others.
#include <gtest/gtest.h>
#include "framework/train/config.h"

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

class ConfigFile : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    test::write_text(folder_ / name, text);
  }
  [[nodiscard]] Json load(const std::string& name,
                          const std::vector<std::string>& settings = {}) const {
    return load_config(folder_ / name, settings);
  }
  // What loading says, with the folder left out.
  [[nodiscard]] std::string refusal(const std::string& name) const {
    std::string message = test::message_of<ConfigError>([&] { static_cast<void>(load(name)); });
    const std::string prefix = folder_.path().string() + "/";
    for (std::size_t at = 0; (at = message.find(prefix)) != std::string::npos;) {
      message.erase(at, prefix.size());
    }
    return message;
  }

  test::TempDir folder_;
};

TEST_F(ConfigFile, may_have_comments) {
  write("a.json", "// what it is\n{\n  /* of\n  all */ \"epochs\": 3  // passes\n}\n");
  EXPECT_EQ(load("a.json"), Json({{"epochs", 3}}));
}

TEST_F(ConfigFile, builds_on_another) {
  write("base.json", R"({"epochs": 9, "model": {"type": "cnn", "hidden": 8, "dropout": 0.5},
                         "schedule": {"type": "cosine"}, "metrics": ["accuracy", "f1"]})");
  write("sub/user.json", R"({"extends": "../base.json", "seed": 4, "model": {"hidden": 16},
                             "schedule": null, "metrics": ["mae"]})");
  EXPECT_EQ(
      load("sub/user.json"),
      test::parse_json(R"({"epochs": 9, "model": {"type": "cnn", "hidden": 16, "dropout": 0.5},
                            "metrics": ["mae"], "seed": 4})"));
  EXPECT_EQ(load("sub/user.json", {"model.hidden=3"})["model"]["hidden"], 3);
}

TEST_F(ConfigFile, replaces_a_component_of_another_type) {
  write("base.json", R"({"model": {"type": "cnn", "channels": [4], "dropout": 0.5}})");
  write("mlp.json", R"({"extends": "base.json", "model": {"type": "mlp", "hidden": [3]}})");
  write("same.json", R"({"extends": "base.json", "model": {"type": "cnn", "channels": [7]}})");
  EXPECT_EQ(load("mlp.json")["model"], test::parse_json(R"({"type": "mlp", "hidden": [3]})"));
  EXPECT_EQ(load("same.json")["model"],
            test::parse_json(R"({"type": "cnn", "channels": [7], "dropout": 0.5})"));
}

TEST_F(ConfigFile, builds_on_what_builds_on_others) {
  write("a.json", R"({"epochs": 1, "seed": 1, "batch_size": 1})");
  write("b.json", R"({"extends": "a.json", "seed": 2, "batch_size": 2})");
  write("c.json", R"({"extends": "b.json", "batch_size": 3})");
  EXPECT_EQ(load("c.json"), test::parse_json(R"({"epochs": 1, "seed": 2, "batch_size": 3})"));
}

TEST_F(ConfigFile, names_what_it_cannot_build_on) {
  write("missing.json", R"({"extends": "no.json"})");
  EXPECT_EQ(refusal("missing.json"),
            "missing.json: /extends: cannot open no.json: No such file or directory");
  write("number.json", R"({"extends": 3})");
  EXPECT_EQ(refusal("number.json"),
            "number.json: /extends: expected the path of a config file, from this one's folder");
  write("self.json", R"({"extends": "self.json"})");
  EXPECT_EQ(refusal("self.json"), "self.json: /extends: \"self.json\" builds on itself");
  write("x.json", R"({"extends": "y.json"})");
  write("y.json", R"({"extends": "x.json"})");
  EXPECT_EQ(refusal("x.json"), "y.json: /extends: \"x.json\" builds on itself");
  write("broken.json", "{");
  write("user.json", R"({"extends": "broken.json"})");
  EXPECT_TRUE(refusal("user.json").starts_with("user.json: /extends: broken.json: no valid JSON"));
}

TEST_F(ConfigFile, may_name_its_schema) {
  EXPECT_NO_THROW(Config(test::parse_json(R"({"$schema": "config.schema.json",
      "dataset": {"type": "mnist"}, "model": {"type": "mlp"}, "loss": {"type": "cross_entropy"},
      "optimizer": {"type": "sgd"}})")));
}

}  // namespace
}  // namespace gradus
