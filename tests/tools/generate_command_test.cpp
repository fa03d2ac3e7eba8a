// `gradus generate`: a learned text comes back, seeds decide the rest, and what does not belong to
// the text is refused by name.
#include <gtest/gtest.h>

#include "tests/support/json.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

const std::string kLine = "the quick brown fox jumps over the lazy dog; ";

class GenerateCommandTest : public test::ProgramTest {
 protected:
  static Json text_config(const std::string& model) {
    Json json = test::parse_json(R"({"dataset": {"type": "text", "path": "text", "length": 24,
          "stride": 7, "test_ratio": 0.2},
        "loss": {"type": "cross_entropy"}, "optimizer": {"type": "adam", "lr": 0.01},
        "batch_size": 32, "seed": 1})");
    json["model"] = model == "gpt"
                        ? Json{{"type", "gpt"}, {"layers", 1}, {"heads", 2}, {"embedding", 32}}
                        : Json{{"type", model}, {"embedding", 16}, {"hidden", 48}};
    return json;
  }
  // Trains on the line over and over, beginning at each of its characters: 7 does not divide the
  // line's length, and windows begin everywhere when a text is generated. What commands on the
  // model begin with.
  Words trained(const std::string& model, int epochs) const {
    std::string text;
    for (int i = 0; i < 40; ++i) text += kLine;
    test::write_text(folder_ / "text", text);
    Json json = text_config(model);
    json["epochs"] = epochs;
    test::write_text(folder_ / (model + ".json"), test::dump(json));
    const ProcessResult result = gradus({"train", model + ".json", "--out", model, "--quiet"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return {model + ".json", "--checkpoint", checkpoints(model).back()};
  }
  std::string generate(const Words& model, const Words& more) const {
    const ProcessResult result = gradus(Words{"generate"} + model + more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }
  ProcessResult refusal(const Words& model, const Words& more) const {
    const ProcessResult result = gradus(Words{"generate"} + model + more);
    EXPECT_EQ(result.out, "");
    return result;
  }
};

TEST_F(GenerateCommandTest, greedy_text_is_the_one_that_was_learned) {
  for (const char* name : {"gpt", "char_lstm"}) {
    const Words model = trained(name, 40);
    const std::string expected = kLine + kLine + kLine;  // far beyond the window of 24
    const Words greedy = {"--temperature", "0", "--length", "126", "--prompt", "the quick"};
    EXPECT_EQ(generate(model, greedy), expected + "\n") << name;
    EXPECT_EQ(generate(model, greedy + Words{"--threads", "1"}), expected + "\n");
    const Words top = {"--top-k", "1", "--length", "126", "--prompt", "the quick", "--seed", "9"};
    EXPECT_EQ(generate(model, top), expected + "\n") << name;
    EXPECT_EQ(generate(model, {"--length", "0"}), "t\n");  // the first character of the data
    EXPECT_EQ(generate(model, {"--length", "0", "--prompt", "fox; dog"}), "fox; dog\n");
  }
}

TEST_F(GenerateCommandTest, the_seed_decides) {
  const Words model = trained("char_lstm", 1);
  const auto text = [&](const char* seed, const Words& more = {}) {
    return generate(model, Words{"--seed", seed, "--length", "100"} + more);
  };
  EXPECT_EQ(text("3"), text("3"));
  EXPECT_NE(text("3"), text("4"));
  EXPECT_NE(text("3"), text("3", {"--temperature", "0.5"}));
  EXPECT_NE(text("3"), text("3", {"--top-p", "0.3"}));
  EXPECT_EQ(text("3").size(), 102U);
}

TEST_F(GenerateCommandTest, refuses_what_does_not_belong_to_the_text) {
  const Words model = trained("char_lstm", 1);
  const ProcessResult prompt = refusal(model, {"--prompt", "the Qüick\nfox"});
  EXPECT_EQ(prompt.exit_code, 2);
  EXPECT_EQ(prompt.err,
            "gradus: --prompt: not among the 28 characters of the data: line feed, \"Q\", "
            "\"ü\"\n");
  EXPECT_TRUE(contains(refusal(model, {"--prompt", "a\xff"}).err,
                       "--prompt: byte 1 begins no character of UTF-8"));
  // Another vocabulary: by its size, and of the same size.
  test::write_text(folder_ / "other", test::read_text(folder_ / "text") + "?!");
  const ProcessResult size = refusal(model, {"--set", "dataset.path=other"});
  EXPECT_EQ(size.exit_code, 1);
  EXPECT_TRUE(contains(size.err,
                       "was trained on data of 28 classes or characters, the data of "
                       "the config has 30"))
      << size.err;
  std::string same = test::read_text(folder_ / "text");
  std::replace(same.begin(), same.end(), ';', '.');
  test::write_text(folder_ / "other", same);
  EXPECT_TRUE(
      contains(refusal(model, {"--set", "dataset.path=other"}).err, "1 was \";\" and is \".\""));
}

TEST_F(GenerateCommandTest, a_wrong_command_line_is_error_2) {
  const Words model = trained("char_lstm", 1);
  for (const Words& more :
       {Words{"--temperature", "-1"}, Words{"--top-k", "-1"}, Words{"--top-p", "0"},
        Words{"--top-p", "1.1"}, Words{"--length", "-1"}, Words{"--seed", "-1"}}) {
    EXPECT_EQ(refusal(model, more).exit_code, 2) << more[0];
  }
  const ProcessResult images =
      gradus(Words{"generate"} + small("mlp") + Words{"--checkpoint", "none"});
  EXPECT_EQ(images.exit_code, 2);
  EXPECT_EQ(images.err, "gradus: /dataset: is no text: there are no characters to go on with\n");
}

}  // namespace
}  // namespace gradus
