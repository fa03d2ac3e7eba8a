// Options: one description that reads, checks, lists and resolves.
#include <gtest/gtest.h>
#include "framework/nn/option_info.h"
#include "framework/nn/registry.h"

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

struct Everything {
  double rate = 0.5;
  std::int64_t count = 3;
  bool flag = true;
  std::string mode = "fast";
  std::vector<std::int64_t> sizes = {4, 5};
  kernels::Pair pair = {1, 2};
  std::array<double, 2> betas = {0.9, 0.99};
  std::vector<double> weights = {0.5};
  Json free = Json::array();

  void describe(OptionReader& o) {
    o("rate", rate, "a rate", {.min = 0, .below = 1});
    o("count", count, "a count", {.min = 1, .max = 9});
    o("flag", flag, "a flag");
    o("mode", mode, "a mode", {"fast", "slow"});
    o("sizes", sizes, "some sizes", {.min = 1});
    o("pair", pair, "one or two", {.min = 0});
    o("betas", betas, "two numbers", {.max = 1, .above = 0});
    o("weights", weights, "some numbers", {.min = 0});
    o("free", free, "anything", {"list", "{}"});
  }
};

struct Needy {
  std::int64_t size = 0;
  void describe(OptionReader& o) { o.required()("size", size, "how large", {.min = 1}); }
};

template <class Options>
std::string refusal(const std::string& text) {
  return test::message_of<ConfigError>(
      [&] { read_options<Options>(test::parse_json(text), "/here"); });
}

TEST(Options, keep_their_defaults_when_nothing_is_given) {
  Json resolved;
  const auto options = read_options<Everything>(Json::object(), "", {}, &resolved);
  EXPECT_EQ(options.rate, 0.5);
  EXPECT_EQ(options.sizes, (std::vector<std::int64_t>{4, 5}));
  EXPECT_EQ(test::dump(resolved),
            R"({"rate":0.5,"count":3,"flag":true,"mode":"fast","sizes":[4,5],)"
            R"("pair":[1,2],"betas":[0.9,0.99],"weights":[0.5],"free":[]})");
}

TEST(Options, take_what_is_given) {
  Json resolved;
  const Json json = test::parse_json(
      R"({"rate": 0, "count": 9, "flag": false, "mode": "slow", "sizes": [], "pair": 7,
          "betas": [1, 0.5], "weights": [0, 2.5], "free": {"x": 1}})");
  const auto options = read_options<Everything>(json, "", {}, &resolved);
  EXPECT_EQ(options.rate, 0);
  EXPECT_EQ(options.count, 9);
  EXPECT_FALSE(options.flag);
  EXPECT_EQ(options.mode, "slow");
  EXPECT_TRUE(options.sizes.empty());
  EXPECT_EQ(options.pair, (kernels::Pair{7, 7}));
  EXPECT_EQ(options.betas, (std::array<double, 2>{1, 0.5}));
  EXPECT_EQ(options.weights, (std::vector<double>{0, 2.5}));
  EXPECT_EQ(resolved["pair"], test::parse_json("[7, 7]"));
  EXPECT_EQ(resolved["free"], test::parse_json(R"({"x": 1})"));
}

TEST(Options, resolved_ones_read_back_to_themselves) {
  Json once;
  Json twice;
  read_options<Everything>(test::parse_json(R"({"pair": 3, "rate": 0.1})"), "", {}, &once);
  read_options<Everything>(once, "", {}, &twice);
  EXPECT_EQ(once, twice);
}

TEST(Options, errors_name_path_reason_and_value) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"rate": "x"})", "/here/rate: expected a number, got string \"x\""},
      {R"({"rate": null})", "/here/rate: expected a number, got null"},
      {R"({"rate": 1})", "/here/rate: 1 is out of range: must be >= 0 and < 1"},
      {R"({"count": 2.0})", "/here/count: expected an integer, got number 2.0"},
      {R"({"count": true})", "/here/count: expected an integer, got boolean true"},
      {R"({"count": 0})", "/here/count: 0 is out of range: must be >= 1 and <= 9"},
      {R"({"count": 18446744073709551615})",
       "/here/count: expected an integer, got number 18446744073709551615"},
      {R"({"flag": 1})", "/here/flag: expected true or false, got number 1"},
      {R"({"mode": 1})", "/here/mode: expected a string, got number 1"},
      {R"({"mode": "slaw"})", "/here/mode: unknown value \"slaw\" (did you mean \"slow\"?)"},
      {R"({"sizes": 4})", "/here/sizes: expected a list of integers, got number 4"},
      {R"({"sizes": [4, "5"]})", "/here/sizes/1: expected an integer, got string \"5\""},
      {R"({"sizes": [4, 5, 0]})", "/here/sizes/2: 0 is out of range: must be >= 1"},
      {R"({"pair": [1, 2, 3]})",
       "/here/pair: expected an integer or two of them, got array [1,2,3]"},
      {R"({"pair": [1, -2]})", "/here/pair: -2 is out of range: must be >= 0"},
      {R"({"pair": ["1", 1, 1]})",
       "/here/pair: expected an integer or two of them, got array [\"1\",1,1]"},
      {R"({"betas": [0.5]})", "/here/betas: expected a list of two numbers, got array [0.5]"},
      {R"({"weights": 4})", "/here/weights: expected a list of numbers, got number 4"},
      {R"({"weights": [1, true]})", "/here/weights/1: expected a number, got boolean true"},
      {R"({"weights": [1, 2, -0.5]})", "/here/weights/2: -0.5 is out of range: must be >= 0"},
      {R"({"betas": [0.5, 0]})", "/here/betas: 0 is out of range: must be > 0 and <= 1"},
  };
  for (const auto& [json, message] : cases) EXPECT_EQ(refusal<Everything>(json), message);
  EXPECT_EQ(refusal<Everything>("[]"), "/here: expected an object, got array []");
}

TEST(Options, errors_do_not_quote_long_values) {
  const std::string long_value(1000, 'x');
  EXPECT_EQ(refusal<Everything>(R"({"rate": ")" + long_value + "\"}"),
            "/here/rate: expected a number, got string");
}

TEST(Options, unknown_keys_get_the_nearest_name_or_all) {
  EXPECT_EQ(refusal<Everything>(R"({"cuont": 1})"),
            "/here/cuont: unknown key (did you mean \"count\"?)");
  EXPECT_EQ(refusal<Everything>(R"({"zzzzzzzz": 1})"),
            "/here/zzzzzzzz: unknown key (valid: rate, count, flag, mode, sizes, pair, betas, "
            "weights, free)");
}

TEST(Options, required_ones_must_be_given) {
  EXPECT_EQ(refusal<Needy>("{}"), "/here/size: missing; how large (integer)");
  EXPECT_EQ(read_options<Needy>({{"size", 4}}, "").size, 4);
}

TEST(Options, are_described) {
  const std::vector<OptionInfo> all = describe_options<Everything>();
  ASSERT_EQ(all.size(), 9U);
  EXPECT_EQ(all[0].name, "rate");
  EXPECT_EQ(all[0].type, "number");
  EXPECT_EQ(all[0].doc, "a rate");
  EXPECT_EQ(all[0].range, ">= 0 and < 1");
  EXPECT_EQ(all[0].default_value, 0.5);
  EXPECT_EQ(all[3].range, "fast | slow");
  EXPECT_TRUE(describe_options<Needy>()[0].default_value.is_null());
}

TEST(Registry, prepares_components_by_name) {
  Registry<int, int> registry("toy");
  EXPECT_TRUE(registry.add<Needy>("sum", "adds", [](const Needy& o, int x) {
    return std::make_shared<int>(static_cast<int>(o.size) + x);
  }));
  Json resolved;
  const auto build = registry.prepare({{"type", "sum"}, {"size", 2}}, "/toy", &resolved);
  EXPECT_EQ(*build(40), 42);
  EXPECT_EQ(test::dump(resolved), R"({"type":"sum","size":2})");
  EXPECT_EQ(registry.names(), std::vector<std::string>{"sum"});
}

TEST(Registry, refuses_what_it_does_not_hold) {
  Registry<int> registry("toy");
  const auto make = [](const NoOptions&) { return std::make_shared<int>(1); };
  registry.add<NoOptions>("one", "the number one", make);
  const auto refusal = [&](const Json& json) {
    return test::message_of<ConfigError>([&] { registry.prepare(json, "/toy"); });
  };
  EXPECT_EQ(refusal({{"type", "on"}}), "/toy/type: unknown toy \"on\" (did you mean \"one\"?)");
  EXPECT_EQ(refusal(Json::object()), "/toy/type: expected the name of the toy (valid: one)");
  EXPECT_EQ(refusal({{"type", 1}}), "/toy/type: expected the name of the toy (valid: one)");
  EXPECT_EQ(refusal(3), "/toy: expected an object such as {\"type\": \"one\"}");
  EXPECT_EQ(refusal({{"type", "one"}, {"x", 1}}), "/toy/x: unknown key (valid: type)");
  EXPECT_THROW(registry.add<NoOptions>("one", "again", make), StateError);
}

}  // namespace
}  // namespace gradus
