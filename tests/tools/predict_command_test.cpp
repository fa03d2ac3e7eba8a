// `gradus predict`: the same numbers as evaluation has, for every kind of data and loss, and
// refusals that say what was expected.
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"
#include "framework/train/png.h"

#include <cmath>
#include <map>
#include <random>

#include "tests/support/json.h"
#include "tests/support/npy_file.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

using Row = std::map<std::string, std::string>;

// Rows of a CSV file without quotes.
std::vector<Row> rows_of(const std::string& text) {
  std::vector<Words> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) lines.back().push_back(cell);
  }
  std::vector<Row> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    rows.emplace_back();
    for (std::size_t c = 0; c < lines[0].size(); ++c) rows.back()[lines[0][c]] = lines[i].at(c);
  }
  return rows;
}

// Animals: the kind follows from size and colour, mostly.
std::string animals(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::string text = "size,colour,kind,tame,weight\n";
  for (int i = 0; i < count; ++i) {
    const auto size = static_cast<int>(random() % 100);
    const bool grey = random() % 2 == 0;
    const bool odd = random() % 8 == 0;
    const char* kind = odd ? "cow" : size < 40 ? "ant" : grey ? "bee" : "cow";
    text += std::to_string(size) + (grey ? ",grey," : ",red,") + kind +
            (size % 3 == 0 || odd ? ",yes," : ",no,") +
            std::to_string(size * (grey ? 2 : 3) + static_cast<int>(random() % 9)) + "\n";
  }
  return text;
}

class PredictCommandTest : public test::ProgramTest {
 protected:
  PredictCommandTest() {
    test::write_text(folder_ / "train.csv", animals(120, 1));
    test::write_text(folder_ / "test.csv", animals(300, 2));
  }

  static Json animal_config(const Json& dataset, const std::string& loss) {
    Json json = {{"dataset", {{"type", "csv"}, {"path", "train.csv"}, {"test_path", "test.csv"}}},
                 {"model", {{"type", "mlp"}, {"hidden", {16}}}},
                 {"loss", {{"type", loss}}},
                 {"optimizer", {{"type", "adam"}, {"lr", 0.01}}},
                 {"batch_size", 16},
                 {"epochs", 5}};
    json["dataset"].update(dataset);
    return json;
  }
  static Json kinds() {
    return animal_config({{"target", "kind"}, {"ignore", {"tame", "weight"}}}, "cross_entropy");
  }

  // Trains, and returns what commands on it begin with.
  Words trained(const Json& json) const {
    test::write_text(folder_ / "config.json", test::dump(json));
    const ProcessResult result = gradus({"train", "config.json", "--out", "run", "--quiet"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return {"config.json", "--checkpoint", checkpoints("run").back()};
  }
  Json evaluation(const Words& model) const {
    return test::parse_json(gradus(Words{"eval"} + model + Words{"--json"}).out);
  }
  std::string predict(const Words& model, const std::string& input, const Words& more = {}) const {
    const ProcessResult result = gradus(Words{"predict"} + model + Words{"--input", input} + more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    return result.out;
  }
  // What it says, with exit code `code`.
  std::string refusal(const Words& model, const std::string& input, int code = 1,
                      const Words& more = {}) const {
    const ProcessResult result = gradus(Words{"predict"} + model + Words{"--input", input} + more);
    EXPECT_EQ(result.exit_code, code);
    EXPECT_EQ(result.out, "");
    return result.err;
  }
  std::string refusal_of_text(const Words& model, const std::string& text) const {
    test::write_text(folder_ / "new.csv", text);
    return refusal(model, "new.csv");
  }
};

TEST_F(PredictCommandTest, classes_of_a_table_are_those_that_evaluation_counts) {
  const Words model = trained(kinds());
  const auto predicted = rows_of(predict(model, "test.csv", {"--probabilities"}));
  const auto actual = rows_of(test::read_text(folder_ / "test.csv"));
  ASSERT_EQ(predicted.size(), 300U);
  double hits = 0;
  double loss = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const Row& row = predicted[i];
    const std::string kind = actual[i].at("kind");
    hits += row.at("class") == kind ? 1 : 0;
    loss -= std::log(std::stod(row.at("probabilities_" + kind)));
    double sum = 0;
    double largest = 0;
    for (const char* each : {"ant", "bee", "cow"}) {
      const double p = std::stod(row.at(std::string("probabilities_") + each));
      sum += p;
      largest = std::max(largest, p);
    }
    EXPECT_NEAR(sum, 1, 1e-6);
    EXPECT_EQ(std::stod(row.at("probability")), largest);
  }
  const Json found = evaluation(model);
  EXPECT_EQ(hits / 300, found["accuracy"].get<double>());
  EXPECT_GT(hits, 150);
  EXPECT_NEAR(loss / 300, found["loss"].get<double>(), 1e-5);
}

TEST_F(PredictCommandTest, columns_are_found_by_name_and_the_target_may_be_absent) {
  const Words model = trained(kinds());
  std::string turned = "name,colour,size\n";
  for (const Row& row : rows_of(test::read_text(folder_ / "test.csv"))) {
    turned += "x," + row.at("colour") + "," + row.at("size") + "\n";
  }
  test::write_text(folder_ / "turned.csv", turned);
  const std::string expected = predict(model, "test.csv");
  EXPECT_EQ(predict(model, "turned.csv"), expected);
  EXPECT_EQ(predict(model, "turned.csv", {"--threads", "1"}), expected);
  EXPECT_TRUE(expected.starts_with("class,probability\n")) << expected.substr(0, 40);
}

TEST_F(PredictCommandTest, writes_json_an_object_a_line) {
  const Words model = trained(kinds());
  const auto rows = rows_of(predict(model, "test.csv", {"--probabilities"}));
  EXPECT_EQ(predict(model, "test.csv", {"-o", "found.json", "--probabilities"}), "");
  std::size_t count = 0;
  for (const Json& object : test::read_json_lines(folder_ / "found.json")) {
    ASSERT_LT(count, rows.size());
    EXPECT_EQ(object["class"], rows[count].at("class"));
    EXPECT_EQ(test::dump(object["probability"]), rows[count].at("probability"));
    EXPECT_EQ(test::dump(object["probabilities"]["bee"]), rows[count].at("probabilities_bee"));
    ++count;
  }
  EXPECT_EQ(count, rows.size());
  EXPECT_EQ(predict(model, "test.csv", {"--format", "json", "--probabilities"}),
            test::read_text(folder_ / "found.json"));
}

TEST_F(PredictCommandTest, a_file_without_header_has_all_columns_or_lacks_the_target) {
  std::string without = test::read_text(folder_ / "train.csv");
  test::write_text(folder_ / "train.csv", without.substr(without.find('\n') + 1));
  const std::string text = test::read_text(folder_ / "test.csv");
  test::write_text(folder_ / "test.csv", text.substr(text.find('\n') + 1));
  const Words model = trained(
      animal_config({{"header", false}, {"target", 2}, {"task", "classification"}, {"ignore", {3}}},
                    "cross_entropy"));
  std::string three;
  for (const Row& row : rows_of(text)) {
    three += row.at("size") + "," + row.at("colour") + "," + row.at("tame") + "," +
             row.at("weight") + "\n";
  }
  test::write_text(folder_ / "three.csv", three);
  EXPECT_EQ(predict(model, "three.csv"), predict(model, "test.csv"));
  test::write_text(folder_ / "two.csv", "1,grey\n");
  EXPECT_EQ(refusal(model, "two.csv"),
            "gradus: two.csv: has 2 columns, expected 5, or 4 without what is to be predicted\n");
}

TEST_F(PredictCommandTest, targets_of_another_file_are_none_of_the_columns) {
  std::string features;
  std::string targets;
  for (int i = 0; i < 40; ++i) {
    features += std::to_string(i % 7) + "," + std::to_string(i % 5) + "\n";
    targets += "0,0," + std::to_string(2 * (i % 7) - 3 * (i % 5)) + "\n";
  }
  test::write_text(folder_ / "x.csv", features);
  test::write_text(folder_ / "y.csv", targets);
  Json json = animal_config(Json::object(), "mse");
  json["dataset"] = {{"type", "csv"},   {"path", "x.csv"}, {"target_path", "y.csv"},
                     {"header", false}, {"target", 2},     {"task", "regression"}};
  json["model"] = {{"type", "linear"}};
  json["optimizer"]["lr"] = 0.1;
  json["epochs"] = 200;
  const Words model = trained(json);
  test::write_text(folder_ / "new.csv", "6,0\n0,4\n");
  const auto rows = rows_of(predict(model, "new.csv"));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_NEAR(std::stod(rows[0].at("2")), 12, 0.05);
  EXPECT_NEAR(std::stod(rows[1].at("2")), -12, 0.05);
  EXPECT_EQ(refusal_of_text(model, "6\n"), "gradus: new.csv: has 1 columns, expected 2\n");
}

TEST_F(PredictCommandTest, rows_that_do_not_fit_are_refused_by_place) {
  const Words model = trained(kinds());
  EXPECT_EQ(refusal_of_text(model, "size,colour\n1,red\n2,gray\n"),
            "gradus: new.csv:3: column \"colour\": \"gray\" does not occur in the training file "
            "(did you mean \"grey\"?); add a row with it there, or take this one out\n");
  EXPECT_EQ(refusal_of_text(model, "sise,kind\n1,red\n"),
            "gradus: new.csv: has no column \"size\" (did you mean \"sise\"?), \"colour\" (valid: "
            "sise, kind); the model was trained on 2 columns, which must all be there\n");
  EXPECT_EQ(refusal_of_text(model, ""), "gradus: new.csv: there are no rows in it\n");
  EXPECT_EQ(refusal_of_text(model, "size,colour\n"),
            "gradus: new.csv: there are no rows below its header\n");
  EXPECT_TRUE(refusal_of_text(model, "size,colour\n1,red\nnan,red\n")
                  .starts_with("gradus: new.csv:3: column \"size\": \"nan\" is no finite number"));
  EXPECT_EQ(refusal_of_text(model, "size,colour\n,red\n"),
            "gradus: new.csv:2: column \"size\": the value is missing; give it, or train with "
            "\"missing\": \"mean\"\n");
  EXPECT_TRUE(contains(refusal(model, "none.csv"), "cannot open none.csv"));
}

TEST_F(PredictCommandTest, missing_values_are_filled_as_in_training) {
  Json json = kinds();
  json["dataset"]["missing"] = "mean";
  const Words model = trained(json);
  double sum = 0;
  const auto rows = rows_of(test::read_text(folder_ / "train.csv"));
  for (const Row& row : rows) sum += std::stod(row.at("size"));
  char mean[40];
  std::snprintf(mean, sizeof mean, "%.17g", sum / static_cast<double>(rows.size()));
  test::write_text(folder_ / "gaps.csv", "size,colour\n,red\n");
  test::write_text(folder_ / "full.csv", "size,colour\n" + std::string(mean) + ",red\n");
  EXPECT_EQ(predict(model, "gaps.csv"), predict(model, "full.csv"));
}

TEST_F(PredictCommandTest, one_score_of_two_outcomes_is_a_class_and_its_probability) {
  Json json = animal_config({{"target", "tame"}, {"task", "binary"}, {"ignore", {"kind"}}},
                            "binary_cross_entropy_with_logits");
  const Words model = trained(json);
  const auto predicted = rows_of(predict(model, "test.csv", {"--probabilities"}));
  const auto actual = rows_of(test::read_text(folder_ / "test.csv"));
  ASSERT_EQ(predicted.size(), actual.size());
  double hits = 0;
  double loss = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const Row& row = predicted[i];
    const std::string tame = actual[i].at("tame");
    hits += row.at("class") == tame ? 1 : 0;
    loss -= std::log(std::stod(row.at("probabilities_" + tame)));
    EXPECT_EQ(row.at("probability"), row.at("probabilities_" + row.at("class")));
    EXPECT_GE(std::stod(row.at("probability")), 0.5);
  }
  const Json found = evaluation(model);
  EXPECT_EQ(hits / 300, found["accuracy"].get<double>());
  EXPECT_NEAR(loss / 300, found["loss"].get<double>(), 1e-5);
}

TEST_F(PredictCommandTest, values_are_those_whose_errors_evaluation_measures) {
  const Words model = trained(animal_config({{"target", {"weight", "size"}}}, "mse"));
  const auto predicted = rows_of(predict(model, "test.csv"));
  const auto actual = rows_of(test::read_text(folder_ / "test.csv"));
  ASSERT_EQ(predicted.size(), actual.size());
  double error = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    for (const char* column : {"weight", "size"}) {
      error += std::abs(std::stod(predicted[i].at(column)) - std::stod(actual[i].at(column)));
    }
  }
  EXPECT_NEAR(error / 600, evaluation(model)["mae"].get<double>(), 1e-5);
  EXPECT_TRUE(contains(refusal(model, "test.csv", 2, {"--probabilities"}),
                       "--probabilities: the loss of the config does not tell any"));
}

TEST_F(PredictCommandTest, classes_of_images_are_those_that_evaluation_counts) {
  Json json = test::parse_json(test::read_text(config("cnn")));
  json["dataset"] = {{"type", "fashion_mnist"}, {"path", "data"}, {"transforms", {"normalize"}}};
  json["model"]["channels"] = {4, 6};
  json["epochs"] = 4;
  json["batch_size"] = 8;
  const Words model = trained(json);
  const std::string found = predict(model, "data/t10k-images-idx3-ubyte.gz");
  const Words names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                       "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  const auto rows = rows_of(found);
  ASSERT_EQ(rows.size(), 32U);
  double hits = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    hits += rows[i].at("class") == names[i % 10] ? 1 : 0;  // as write_small_data labels them
  }
  EXPECT_EQ(hits / 32, evaluation(model)["accuracy"].get<double>());

  test::write_small_data(folder_ / "plain", {.ending = ""});
  EXPECT_EQ(predict(model, "plain/t10k-images-idx3-ubyte"), found);
  const std::string pixels = test::read_text(folder_ / "plain/t10k-images-idx3-ubyte").substr(16);
  test::write_text(folder_ / "new.npy", test::npy_array("|u1", "(32, 8, 8)", pixels));
  EXPECT_EQ(predict(model, "new.npy"), found);
  test::write_text(folder_ / "new.npy", test::npy_array("|u1", "(32, 1, 8, 8)", pixels));
  EXPECT_EQ(predict(model, "new.npy"), found);
  test::write_text(folder_ / "one.npy", test::npy_array("|u1", "(8, 8)", pixels.substr(64, 64)));
  const std::string one = predict(model, "one.npy");
  EXPECT_EQ(rows_of(one).at(0).at("class"), rows[1].at("class"));
}

TEST_F(PredictCommandTest, png_files_are_read_alone_or_by_the_folder) {
  Json json = test::parse_json(test::read_text(config("mlp")));
  json["dataset"] = {{"type", "fashion_mnist"}, {"path", "data"}};
  json["epochs"] = 1;
  json["batch_size"] = 8;
  const Words model = trained(json);
  test::write_small_data(folder_ / "plain", {.ending = ""});
  const std::string pixels = test::read_text(folder_ / "plain/t10k-images-idx3-ubyte").substr(16);
  std::filesystem::create_directory(folder_ / "images");
  for (std::size_t i = 0; i < 32; ++i) {
    const Tensor image({8, 8}, kUInt8);
    std::copy_n(pixels.data() + 64 * i, 64,
                reinterpret_cast<char*>(image.data_ptr<std::uint8_t>()));
    write_png(folder_ / "images" / (std::to_string(100 + i) + ".png"), image);
  }
  test::write_text(folder_ / "images/notes.txt", "no image");
  const std::string found = predict(model, "plain/t10k-images-idx3-ubyte");
  EXPECT_EQ(predict(model, "images"), found);
  const auto rows = rows_of(predict(model, "images/107.png"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("class"), rows_of(found)[7].at("class"));
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_EQ(refusal(model, "empty"),
            "gradus: empty: there are no .png, .jpg or .jpeg files in this folder\n");
  write_png(folder_ / "large.png", zeros({9, 8}));
  EXPECT_TRUE(contains(refusal(model, "large.png"),
                       "gradus: large.png: has shape [1, 1, 9, 8], expected images"));
}

TEST_F(PredictCommandTest, images_that_do_not_fit_are_refused) {
  Json json = test::parse_json(test::read_text(config("mlp")));
  json["dataset"]["path"] = "data";
  json["epochs"] = 1;
  const Words model = trained(json);
  const std::string labels = refusal(model, "data/t10k-labels-idx1-ubyte.gz");
  EXPECT_EQ(labels,
            "gradus: data/t10k-labels-idx1-ubyte.gz: has shape [32], expected images [channels, "
            "height, width] of [1, 8, 8], as those to train on are\n");
  test::write_small_data(folder_ / "large", {.side = 9, .ending = ""});
  EXPECT_TRUE(contains(refusal(model, "large/t10k-images-idx3-ubyte"),
                       "has shape [32, 9, 9], expected images"));
  const auto refuse = [&](const std::string& name, const std::string& bytes, const char* part) {
    test::write_text(folder_ / name, bytes);
    const std::string said = refusal(model, name);
    EXPECT_TRUE(contains(said, name + ": ") && contains(said, part)) << said;
  };
  refuse("empty", "", "it ends within the magic number");
  refuse("none.npy", test::npy_array("|u1", "(0, 8, 8)", ""), "there are no images in it");
  refuse("none", test::idx_bytes({0, 8, 8}, ""), "there are no images in it");
  refuse("float.npy", test::npy_array("<f4", "(1, 1)", "1234"), "pixels are uint8, from 0 to 255");
  refuse("colour.npy", test::npy_array("|u1", "(1, 3, 8, 8)", std::string(192, 'x')),
         "has shape [1, 3, 8, 8]");
}

TEST_F(PredictCommandTest, arrays_are_scaled_as_the_data_is) {
  std::string inputs;
  std::string values;
  std::mt19937 random(5);
  for (int i = 0; i < 60; ++i) {
    const float x[] = {static_cast<float>(random() % 100), static_cast<float>(random() % 100)};
    const float y = x[0] / 50 - x[1] / 100;
    inputs.append(reinterpret_cast<const char*>(x), sizeof x);
    values.append(reinterpret_cast<const char*>(&y), sizeof y);
  }
  test::write_text(folder_ / "x.npy", test::npy_array("<f4", "(60, 2)", inputs));
  test::write_text(folder_ / "y.npy", test::npy_array("<f4", "(60,)", values));
  Json json = animal_config(Json::object(), "mse");
  json["dataset"] = {{"type", "npy"},          {"inputs", "x.npy"}, {"targets", "y.npy"},
                     {"test_inputs", "x.npy"}, {"mean", 50},        {"std", 25},
                     {"test_targets", "y.npy"}};
  const Words model = trained(json);
  const auto rows = rows_of(predict(model, "x.npy"));
  ASSERT_EQ(rows.size(), 60U);
  double error = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    float y = 0;
    values.copy(reinterpret_cast<char*>(&y), sizeof y, i * sizeof y);
    error += std::abs(std::stod(rows[i].at("value")) - y);
  }
  EXPECT_NEAR(error / 60, evaluation(model)["mae"].get<double>(), 1e-6);
  test::write_text(folder_ / "wide.npy", test::npy_array("<f4", "(1, 3)", std::string(12, '\0')));
  EXPECT_EQ(refusal(model, "wide.npy"),
            "gradus: wide.npy: has shape [1, 3], expected rows of [2], as the inputs to train on "
            "are\n");
  test::write_text(folder_ / "nan.npy",
                   test::npy_array("<f4", "(1, 2)", std::string("\0\0\0\0\0\0\xc0\x7f", 8)));
  EXPECT_TRUE(
      contains(refusal(model, "nan.npy"), "nan.npy: element 1 (in row-major order) is NaN"));
}

TEST_F(PredictCommandTest, every_place_of_a_text_has_a_line) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "abcd ";
  test::write_text(folder_ / "text", text);
  Json json = animal_config(Json::object(), "cross_entropy");
  json["dataset"] = {{"type", "text"}, {"path", "text"}, {"length", 10}, {"test_ratio", 0.2}};
  json["model"] = {{"type", "char_lstm"}, {"embedding", 8}, {"hidden", 16}};
  const Words model = trained(json);
  const std::string tail = text.substr(400);  // the test part: 100 characters
  test::write_text(folder_ / "tail", tail);
  const auto rows = rows_of(predict(model, "tail"));
  ASSERT_EQ(rows.size(), 100U);
  double hits = 0;
  for (std::size_t i = 0; i < 90; ++i) {  // nine examples have a character behind them
    EXPECT_EQ(rows[i].at("example"), std::to_string(i / 10));
    EXPECT_EQ(rows[i].at("place"), std::to_string(i % 10));
    std::string guess = rows[i].at("class");
    if (guess == "\" \"") guess = " ";
    hits += guess[0] == tail[i + 1] ? 1 : 0;
  }
  EXPECT_NEAR(hits / 90, evaluation(model)["accuracy"].get<double>(), 1e-12);
  test::write_text(folder_ / "new", "abc? d\tabcd abcd");
  EXPECT_EQ(refusal(model, "new"),
            "gradus: new: not among the 5 characters of the data: tab, \"?\"\n");
  test::write_text(folder_ / "new", "abc");
  EXPECT_EQ(refusal(model, "new"), "gradus: new: 3 characters, fewer than the 10 of an example\n");
}

TEST_F(PredictCommandTest, refuses_data_that_makes_itself_and_weights_of_other_classes) {
  Json json = animal_config(Json::object(), "cross_entropy");
  json["dataset"] = {{"type", "xor"}};
  EXPECT_EQ(refusal(trained(json), "new.csv", 2),
            "gradus: /dataset/type: \"xor\" makes its examples itself and can read no others, so "
            "there is nothing to predict for\n");
  std::filesystem::remove_all(folder_ / "run");
  const Words model = trained(kinds());
  std::string other = test::read_text(folder_ / "train.csv");
  for (std::size_t at; (at = other.find("cow")) != std::string::npos;) other.replace(at, 3, "bat");
  test::write_text(folder_ / "other.csv", other);
  const std::string said =
      refusal(model, "test.csv", 1,
              {"--set", "dataset.path=other.csv", "--set", "dataset.test_path=other.csv"});
  EXPECT_TRUE(contains(said,
                       "was trained on other classes or characters than the data of the "
                       "config has: 1 was \"bee\" and is \"bat\""))
      << said;
}

}  // namespace
}  // namespace gradus
