// csv: columns as scikit-learn encodes them, splits, missing values, and what is refused by file,
// line and column.
#include <gtest/gtest.h>
#include "framework/train/trainer.h"

#include <numeric>
#include <set>

#include "tests/support/golden.h"
#include "tests/support/paths.h"
#include "tests/support/small_data.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using Texts = std::vector<std::string>;
using Values = std::vector<float>;

Example whole(const DatasetPtr& part) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(part->size()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return part->get_batch(all);
}

// The data of a table in this text; `options` beside path and type. "test_text" is the test file's.
std::shared_ptr<DataSource> load(const test::TempDir& folder, const std::string& text,
                                 Json options) {
  test::write_text(folder / "table.csv", text);
  options["type"] = "csv";
  options["path"] = (folder / "table.csv").string();
  if (options.contains("test_text")) {
    test::write_text(folder / "test.csv", options["test_text"].get<std::string>());
    options.erase("test_text");
    options["test_path"] = (folder / "test.csv").string();
  }
  return datasets().make(options);
}

std::shared_ptr<DataSource> load(const std::string& text, const Json& options) {
  return load(test::TempDir(), text, options);
}

// What is said of it, without the name of the folder.
std::string refusal(const std::string& text, const Json& options) {
  const test::TempDir folder;
  std::string message = test::message_of<Error>([&] { load(folder, text, options); });
  const std::string path = folder.path().string() + "/";
  for (std::size_t at; (at = message.find(path)) != std::string::npos;) {
    message.erase(at, path.size());
  }
  return message;
}

// A numeric column x of 0, 1, 2, ... and the given texts as y.
std::string table_of(const Texts& targets) {
  std::string text = "x,y\n";
  for (std::size_t i = 0; i < targets.size(); ++i) {
    text += std::to_string(i) + "," + targets[i] + "\n";
  }
  return text;
}

TEST(Csv, encodes_as_scikit_learn_does) {
  const Json golden = golden::load("data/table.json")["tables"][0];
  const auto source = load(golden["train"], {{"test_text", golden["test"]},
                                             {"target", "price"},
                                             {"categorical", {"doors"}},
                                             {"missing", "mean"}});
  EXPECT_EQ(source->input_shape, (Shape{9}));
  EXPECT_EQ(source->outputs, 1);
  EXPECT_EQ(source->targets, TargetKind::Values);
  const Example train = whole(source->train);
  const Example test = whole(source->test);
  EXPECT_EQ(train.input.dtype(), kFloat32);
  const golden::Tolerance rounding = {.relative = 1e-6, .absolute = 1e-6};
  golden::expect_close(train.input, golden::tensor_of(golden["train_inputs"]), rounding);
  golden::expect_close(test.input, golden::tensor_of(golden["test_inputs"]), rounding);
  golden::expect_close(train.target, golden::tensor_of(golden["train_targets"]), rounding);
  golden::expect_close(test.target, golden::tensor_of(golden["test_targets"]), rounding);
}

TEST(Csv, leaves_numbers_alone_when_told) {
  const auto source = load("a,b,y\n1,2,3\n4,,6\n7,11,9\n", {{"target", {"y", "b"}},
                                                            {"standardize", false},
                                                            {"missing", "drop"},
                                                            {"test_text", "a,b,y\n1e3,0,-1\n"}});
  EXPECT_EQ(source->outputs, 2);
  EXPECT_EQ(whole(source->train).input.to_vector<float>(), (Values{1, 7}));
  EXPECT_EQ(whole(source->train).target.to_vector<float>(), (Values{3, 2, 9, 11}));
  EXPECT_EQ(whole(source->test).input.to_vector<float>(), (Values{1000}));
  EXPECT_EQ(whole(source->test).target.sizes(), (Shape{1, 2}));
}

TEST(Csv, collects_and_sorts_classes) {
  const auto words = load(table_of({"b", "\"a, c\"", "b", "A", "b"}), {{"target", "y"}});
  EXPECT_EQ(words->targets, TargetKind::Labels);
  EXPECT_EQ(words->classes, (Texts{"A", "a, c", "b"}));
  EXPECT_EQ(words->outputs, 3);

  const auto numbers =
      load(table_of({"10", "9", "-2", "9"}),
           {{"target", "y"}, {"task", "classification"}, {"test_text", "x,y\n5,10\n6,-2\n"}});
  EXPECT_EQ(numbers->classes, (Texts{"-2", "9", "10"}));
  const Example train = whole(numbers->train);
  EXPECT_EQ(train.target.dtype(), kInt64);
  EXPECT_EQ(train.target.to_vector<int>(), (std::vector<int>{2, 1, 0, 1}));
  EXPECT_EQ(whole(numbers->test).target.to_vector<int>(), (std::vector<int>{2, 0}));
  EXPECT_EQ(load(table_of({"10", "9", "9"}), {{"target", "y"}, {"categorical", {"y"}}})->targets,
            TargetKind::Labels);
}

TEST(Csv, tells_two_values_by_zeros_and_ones) {
  const auto source =
      load("x,y,z\n1,no,4\n2,yes,5\n3,no,4\n",
           {{"target", {"y", "z"}}, {"task", "binary"}, {"test_text", "x,y,z\n0,yes,4\n"}});
  EXPECT_EQ(source->targets, TargetKind::Binary);
  EXPECT_EQ(whole(source->train).target.to_vector<float>(), (Values{0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(whole(source->test).target.to_vector<float>(), (Values{1, 0}));
}

TEST(Csv, finds_columns_by_name_and_number) {
  const std::string text = "about this table\n3,1,7,0\n4,2,8,1\n";
  const auto inputs = [&](const Json& more) {
    Json options = {{"header", false}, {"standardize", false}, {"skip_lines", 1}};
    options.update(more);
    options["test_text"] = text;
    return whole(load(text, options)->train).input.to_vector<float>();
  };
  EXPECT_EQ(inputs({{"target", 1}}), (Values{3, 7, 0, 4, 8, 1}));
  EXPECT_EQ(inputs({{"target", "1"}}), (Values{3, 7, 0, 4, 8, 1}));
  EXPECT_EQ(inputs({{"target", -1}, {"ignore", {0}}}), (Values{1, 7, 2, 8}));
  EXPECT_EQ(inputs({{"names", {"a", "b", "c", "d"}}, {"target", "d"}, {"ignore", {"a", 1}}}),
            (Values{7, 8}));
}

TEST(Csv, draws_the_test_part_from_the_seed) {
  Texts targets;
  for (int i = 0; i < 50; ++i) targets.push_back(std::to_string(i));
  const auto parts = [&](const Json& options) {
    Json all = {{"target", "y"}, {"standardize", false}};
    all.update(options);
    const auto source = load(table_of(targets), all);
    return std::pair(whole(source->train).target.to_vector<int>(),
                     whole(source->test).target.to_vector<int>());
  };
  const auto [train, test] = parts(Json::object());
  EXPECT_EQ(test.size(), 10U);
  std::set<int> both(train.begin(), train.end());
  both.insert(test.begin(), test.end());
  EXPECT_EQ(both.size(), 50U);
  EXPECT_EQ(train.size(), 40U);
  EXPECT_TRUE(std::is_sorted(train.begin(), train.end()));
  EXPECT_FALSE(test.back() == 9 || test.front() == 40);  // neither end of the file
  EXPECT_EQ(parts(Json::object()).second, test);
  EXPECT_NE(parts({{"seed", 1}}).second, test);
  EXPECT_EQ(parts({{"test_ratio", 0.001}}).second.size(), 1U);
  EXPECT_EQ(parts({{"test_ratio", 0.999}}).first.size(), 1U);
}

TEST(Csv, stratifies) {
  Texts targets;
  for (int i = 0; i < 97; ++i)
    targets.push_back(i % 10 == 0 ? "rare" : i % 3 == 0 ? "some" : "many");
  const auto source =
      load(table_of(targets), {{"target", "y"}, {"stratify", true}, {"test_ratio", 0.3}});
  EXPECT_EQ(source->test->size(), 29);
  const auto labels = whole(source->test).target.to_vector<int>();
  for (std::size_t c = 0; c < 3; ++c) {
    const auto all = std::count(targets.begin(), targets.end(), source->classes[c]);
    const auto drawn = std::count(labels.begin(), labels.end(), static_cast<int>(c));
    EXPECT_NEAR(static_cast<double>(drawn), 0.3 * static_cast<double>(all), 1)
        << source->classes[c];
  }
  EXPECT_NE(refusal(table_of({"a", "b", "a"}), {{"target", "y"}, {"stratify", true}})
                .find("class \"b\" has one row only"),
            std::string::npos);
  EXPECT_NE(refusal(table_of({"1", "2", "3"}), {{"target", "y"}, {"stratify", true}})
                .find("/dataset/stratify: there are no classes"),
            std::string::npos);
}

// What is fitted, is fitted on the training part alone.
TEST(Csv, standardises_by_the_training_part) {
  Texts targets;
  for (int i = 0; i < 40; ++i) targets.push_back(std::to_string(i * i % 17));
  const auto source = load(table_of(targets), {{"target", "y"}, {"seed", 3}});
  const auto inputs = whole(source->train).input.to_vector<double>();
  double sum = 0;
  double squares = 0;
  for (const double x : inputs) {
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum, 0, 1e-5);
  EXPECT_NEAR(squares, 32, 1e-4);
}

TEST(Csv, takes_missing_values_as_told) {
  const std::string text = "x,c,y\n1,a,1\n?,b,2\n3,NA,3\n8,a,\n";
  const Json base = {{"target", "y"}, {"missing_values", {"", "NA", "?"}}, {"test_text", text}};
  EXPECT_EQ(refusal(text, base),
            "table.csv:3: column \"x\": the value is missing; give it, or set \"missing\" to "
            "\"mean\" or \"drop\"");
  Json drop = base;
  drop["missing"] = "drop";
  EXPECT_EQ(load(text, drop)->train->size(), 1);
  Json mean = base;
  mean["missing"] = "mean";
  EXPECT_EQ(refusal(text, mean),
            "table.csv:5: column \"y\": the value is missing; give it, or set \"missing\" to "
            "\"drop\"");
  const std::string targets = text.substr(0, text.size() - 5);
  mean["test_text"] = targets;
  mean["standardize"] = false;
  EXPECT_EQ(whole(load(targets, mean)->train).input.to_vector<float>(),
            (Values{1, 1, 0, 2, 0, 1, 3, 0.5, 0.5}));
  drop["test_text"] = "x,c,y\n?,a,1\n";
  EXPECT_NE(refusal(text, drop).find("test.csv: no row has all its values"), std::string::npos);
}

TEST(Csv, refuses_cells_by_line_and_column) {
  const auto listed = [](const std::string& cell, const std::string& what) {
    return cell + " is no " + what +
           "; if it stands for a missing value, list it in "
           "\"missing_values\"";
  };
  const std::pair<std::string, std::string> cases[] = {
      {"x,y\n1,1\nten,2\n", listed("table.csv:3: column \"x\": \"ten\"", "number") +
                                "; if the column holds texts, in \"categorical\""},
      {"x,y\n1,1\nnan,2\n",
       listed("table.csv:3: column \"x\": \"nan\"", "finite number that 64 bits can hold")},
      {"x,y\n-Infinity,1\n2,2\n",
       listed("table.csv:2: column \"x\": \"-Infinity\"", "finite number that 64 bits can hold")},
      {"x,y\n1,1\n2,1e999\n",
       listed("table.csv:3: column \"y\": \"1e999\"", "finite number that 64 bits can hold")},
      {"x,y\na,1\n2,2\n",
       "table.csv:3: column \"x\": \"2\" reads as a number, but the column begins with texts; if "
       "it "
       "stands for a missing value, list it in \"missing_values\"; if all are texts, list the "
       "column in \"categorical\""},
      {"x,y\n,1\n,2\n",
       "table.csv:2: column \"x\": it has no values at all; list it in \"ignore\""},
      {"x,y\n1,1\n2\n",
       "table.csv:3: 1 cells, expected 2, as many as the header has (a cell with the delimiter in "
       "it must be quoted)"},
      {"x,y\n1,1e39\n2,2\n3,3\n",
       "table.csv:2: column \"y\": the number is too large for float32; scale the column"},
      {"x,y\n1e200,1\n-1e200,2\n3e200,3\n",
       "table.csv: column \"x\" has numbers that are too large to be standardised with 64 bits; "
       "scale the column"},
      {"x,y\n1e-200,1\n2e-200,2\n3e-200,3\n",
       "table.csv: column \"x\" has numbers that are too close to be standardised with 64 bits; "
       "scale the column"},
      {"y\n1\n2\n", "/dataset/target: there is no column left to predict it from"},
      {"x,y\n1,2\n",
       "/dataset: there is 1 row to train and to test with; it takes at least two, or a test part "
       "of its own"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(refusal(text, {{"target", "y"}}), expected) << text;
  }
  std::string names = "x,y\n";
  for (char c = 'a'; c <= 'z'; ++c) names += std::string(1, c) + ",1\n";
  EXPECT_EQ(refusal(names, {{"target", "y"}}),
            "table.csv:2: column \"x\": it holds 26 different texts in 26 rows; list it in "
            "\"ignore\", or in \"categorical\" to use it all the same");
  EXPECT_EQ(load(names, {{"target", "y"}, {"categorical", {"x"}}})->input_shape, (Shape{26}));
}

TEST(Csv, refuses_options_that_do_not_fit_the_file) {
  const std::string text = "age,job,class\n30,a,x\n40,b,y\n50,a,x\n";
  const std::pair<Json, std::string> cases[] = {
      {{{"target", "clas"}},
       "/dataset/target: table.csv has no column \"clas\" (did you mean \"class\"?)"},
      {{{"target", 3}}, "/dataset/target: column 3 of table.csv, which has 3"},
      {{{"target", -4}}, "/dataset/target: column -4 of table.csv, which has 3"},
      {{{"target", 1.5}}, "/dataset/target: expected the name or the number of a column, got 1.5"},
      {{{"target", Json::array()}}, "/dataset/target: names no column"},
      {{{"target", {"age", 0}}}, "/dataset/target: names column \"age\" twice"},
      {{{"target", "class"}, {"ignore", {"class"}}}, "/dataset/ignore: holds a target"},
      {{{"target", "class"}, {"ignore", {"ages"}}},
       "/dataset/ignore: table.csv has no column \"ages\" (did you mean \"age\"?)"},
      {{{"target", "class"}, {"task", "regression"}, {"categorical", {"class"}}},
       "/dataset/categorical: holds a target, whose task is regression"},
      {{{"target", {"age", "class"}}, {"task", "classification"}},
       "/dataset/target: classification has one target, got 2 columns"},
      {{{"target", "age"}, {"task", "binary"}},
       "/dataset/target: column \"age\" has 3 different values, which is nothing to tell by zeros "
       "and ones"},
      {{{"target", "class"}, {"test_text", "age,job\n30,a\n"}},
       "/dataset/test_path: test.csv has other columns than table.csv; they must have the same "
       "names and order"},
      {{{"target", "class"}, {"test_text", "age,job,class\n30,c,x\n"}},
       "test.csv:2: column \"job\": \"c\" does not occur in the training file (did you mean "
       "\"a\"?); add a row with it there, or take this one out"},
      {{{"target", "class"}, {"test_text", ""}}, "test.csv: there are no rows in it"},
      {{{"target", "class"}, {"delimiter", ",,"}},
       "/delimiter: expected one character that is no quote or line end"},
      {{{"target", "class"}, {"names", {"a", "b", "c"}}},
       "/names: is for files without a header; set \"header\" to false, and \"skip_lines\" to 1 to "
       "replace one"},
      {{{"target", "class"}, {"missing_values", {1}}},
       "/missing_values: expected a list of strings, got array [1]"},
      {{{"target", "class"}, {"ignore", "age"}}, "/ignore: expected a list of columns"},
      {{{"header", true}},
       "/target: missing; the column to predict, or a list: names, or numbers from 0 on (negative: "
       "from the end) (column)"},
  };
  for (const auto& [options, expected] : cases) {
    EXPECT_EQ(refusal(text, options), expected) << options;
  }
  EXPECT_EQ(refusal(table_of({"a", "a"}), {{"target", "y"}}),
            "/dataset/target: column \"y\" has 1 different value, which is nothing to tell apart");
}

TEST(Csv, takes_one_row_to_train_on_and_one_to_test_on) {
  const auto source = load("x,y\n1,2\n2,5\n", {{"target", "y"}});
  EXPECT_EQ(source->train->size(), 1);
  EXPECT_EQ(source->test->size(), 1);
  EXPECT_EQ(whole(source->train).input.to_vector<float>(), (Values{0}));  // nothing to scale by
}

TEST(Csv, takes_targets_from_a_file_of_their_own) {
  const test::TempDir folder;
  test::write_maybe_gzipped(folder / "t.csv.gz", "y z\n10 a\n20 b\n30 a\n40 b\n50 a\n");
  const std::string text = "x y\n1 2\n2 3\n3 5\n4 7\n5 11\n";
  Json options = {{"delimiter", " "},     {"standardize", false},
                  {"target", "y"},        {"target_path", (folder / "t.csv.gz").string()},
                  {"task", "regression"}, {"test_ratio", 0.4}};
  const auto values = load(folder, text, options);
  EXPECT_EQ(values->input_shape, (Shape{2}));
  EXPECT_EQ(values->test->size(), 2);
  for (const DatasetPtr& part : {values->train, values->test}) {
    for (std::int64_t i = 0; i < part->size(); ++i) {
      const Example each = part->get(i);
      EXPECT_EQ(each.target.item<float>(), 10 * each.input.to_vector<float>()[0]);
    }
  }
  options["target"] = "z";
  options["task"] = "auto";
  const auto labels = load(folder, text, options);
  EXPECT_EQ(labels->classes, (Texts{"a", "b"}));
  EXPECT_EQ(labels->input_shape, (Shape{2}));
  const auto refused = [&](const std::string& table, const Json& more) {
    Json all = options;
    all.update(more);
    return test::message_of<Error>([&] { (void)load(folder, table, all); });
  };
  EXPECT_EQ(refused("x y\n1 2\n", Json::object()),
            (folder / "t.csv.gz").string() + " has 5 rows, " + (folder / "table.csv").string() +
                " 1; row by row they must belong together");
  EXPECT_TRUE(refused(text, {{"test_text", text}}).starts_with("/target_path: goes with a share"));
  EXPECT_EQ(refused(text, {{"target", "x"}}), "/dataset/target: " + (folder / "t.csv.gz").string() +
                                                  " has no column \"x\" (did you mean \"y\"?)");
  test::write_text(folder / "t.csv.gz", test::read_text(folder / "t.csv.gz").substr(0, 30));
  EXPECT_NE(refused(text, Json::object()).find("broken gzip data"), std::string::npos)
      << refused(text, Json::object());
}

// The shipped configs on their own split, and on others.
double mean_of_splits(const std::string& name, const std::string& metric, double first_at_least) {
  const Json json = load_config(test::source_path("models/" + name));
  double sum = 0;
  for (int seed = 0; seed < 5; ++seed) {
    const test::TempDir folder;
    Trainer trainer{Config(with_settings(json, {"dataset.seed=" + std::to_string(seed)}))};
    const double value = trainer.train({.out = folder.path()}).last.metric(metric).value_or(0);
    if (seed == 0) {
      EXPECT_GE(value, first_at_least);
    }
    sum += value;
  }
  return sum / 5;
}

class ShippedTables : public testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists("/usr/lib/python3/dist-packages/sklearn/datasets/data")) return;
    GTEST_SKIP() << "the tables are in Debian's package python3-sklearn; install it";
  }
};

TEST_F(ShippedTables, wine_json_tells_wines_apart) {
  EXPECT_GE(mean_of_splits("wine.json", "accuracy", 0.95), 0.95);
}

TEST_F(ShippedTables, logistic_regression_json_tells_tumours_apart) {
  EXPECT_GE(mean_of_splits("logistic_regression.json", "accuracy", 0.95), 0.95);
}

// scikit-learn's LinearRegression comes to a mean R2 of 0.48 over 200 such splits, deviation 0.07.
TEST_F(ShippedTables, linear_regression_json_foresees_diabetes) {
  EXPECT_NEAR(mean_of_splits("linear_regression.json", "r2", 0.3), 0.48, 0.12);
}

}  // namespace
}  // namespace gradus::data
