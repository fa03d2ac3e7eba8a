// `gradus new` and `gradus schema`.
#include <gtest/gtest.h>
#include "framework/nn/option_info.h"
#include "framework/train/config.h"
#include "framework/train/config_schema.h"

#include "tests/support/json.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class NewCommandTest : public test::ProgramTest {
 protected:
  [[nodiscard]] Json made(const std::string& file) const { return load_config(folder_ / file); }
};

TEST_F(NewCommandTest, writes_a_config_that_is_the_default_one) {
  const ProcessResult result = gradus({"new", "mine"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "wrote mine.json\n");
  const Config plain(test::parse_json(R"({"dataset": {"type": "fashion_mnist"},
      "model": {"type": "mlp"}, "loss": {"type": "cross_entropy"},
      "optimizer": {"type": "adam"}})"));
  EXPECT_EQ(differing_keys(*Config(made("mine.json")).resolved, *plain.resolved),
            std::vector<std::string>{});
  EXPECT_TRUE(contains(test::read_text(folder_ / "mine.json"),
                       "    // learning rate; >= 0\n    \"lr\": 0.001,\n"));
}

TEST_F(NewCommandTest, writes_one_that_trains) {
  ASSERT_EQ(gradus({"new", "mine.json", "--dataset", "moons", "--schedule", "cosine"}).exit_code,
            0);
  const ProcessResult trained = gradus({"train", "mine.json", "--out", "run"});
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(events("run").back()["event"], "eval");
}

TEST_F(NewCommandTest, knows_every_component) {
  const auto check = [&](const std::string& option, const RegistryBase& registry) {
    for (const ComponentInfo& each : registry.components()) {
      const ProcessResult result = gradus({"new", "one.json", "--force", "--" + option, each.name});
      ASSERT_EQ(result.exit_code, 0) << each.name << result.err;
      const Json part = made("one.json")[option];
      EXPECT_EQ(part["type"], each.name);
      for (const OptionInfo& info : each.options) {
        EXPECT_EQ(part[info.name], info.default_value) << each.name << " " << info.name;
        EXPECT_EQ(contains(result.out, option + "." + info.name), info.is_required);
      }
    }
  };
  check("optimizer", optim::optimizers());
  check("schedule", optim::schedules());
  check("model", models());
}

TEST_F(NewCommandTest, replaces_nothing_unless_told_to) {
  ASSERT_EQ(gradus({"new", "mine"}).exit_code, 0);
  const ProcessResult again = gradus({"new", "mine"});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_EQ(again.err, "gradus: mine.json: is there already; --force replaces it\n");
  EXPECT_EQ(gradus({"new", "mine", "--force", "--model", "cnn"}).exit_code, 0);
  EXPECT_EQ(made("mine.json")["model"]["type"], "cnn");
}

TEST_F(NewCommandTest, names_a_component_that_is_none) {
  const ProcessResult result = gradus({"new", "mine", "--optimizer", "adamm"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err,
            "gradus: --optimizer: unknown optimizer \"adamm\" (did you mean \"adam\"?)\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "mine.json"));
}

TEST_F(NewCommandTest, the_schema_is_printed_or_written) {
  const ProcessResult printed = gradus({"schema"});
  EXPECT_EQ(printed.exit_code, 0) << printed.err;
  EXPECT_EQ(test::parse_json(printed.out), config_schema());
  EXPECT_EQ(gradus({"schema", "--out", "schema.json"}).exit_code, 0);
  EXPECT_EQ(test::read_text(folder_ / "schema.json"), printed.out);
}

}  // namespace
}  // namespace gradus
