// image_folder: folders of images as a data set, and which folders are refused.
#include <gtest/gtest.h>
#include "datasets/image_file.h"
#include "framework/ops/arithmetic.h"
#include "framework/tensor/creation.h"
#include "framework/train/png.h"
#include "framework/train/trainer.h"

#include <map>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

namespace fs = std::filesystem;
using test::message_of;

// An image of one colour, by which it can be told again.
void write_image(const fs::path& file, int value, std::int64_t height = 4, std::int64_t width = 6) {
  fs::create_directories(file.parent_path());
  write_png(file, full({3, height, width}, value, kUInt8));
}

std::shared_ptr<DataSource> load(const fs::path& folder, Json options = Json::object()) {
  options["type"] = "image_folder";
  options["path"] = folder.string();
  return datasets().make(options);
}

std::string refusal(const fs::path& folder, const Json& options = Json::object()) {
  return message_of<Error>([&] { (void)load(folder, options); });
}

// The values and labels of a part of one-coloured images with mean 0 and std 1.
std::map<int, std::int64_t> labels_by_value(const Dataset& part) {
  std::map<int, std::int64_t> found;
  for (std::int64_t i = 0; i < part.size(); ++i) {
    const Example example = part.get(i);
    const float value = example.input.to_vector<float>().front() * 255;
    found[static_cast<int>(std::lround(value))] = example.target.item<std::int64_t>();
  }
  return found;
}

const Json kPlain = test::parse_json(R"({"mean": [0], "std": [1]})");

TEST(ImageFolder, has_the_parts_that_the_folders_have) {
  const test::TempDir folder;
  write_image(folder / "train/dog/1.png", 10);
  write_image(folder / "train/cat/b.png", 20);
  write_image(folder / "train/cat/a.PNG", 30);
  write_image(folder / "train/Zebra/x.png", 40);
  write_image(folder / "test/cat/1.png", 50);
  test::write_text(folder / "train/cat/.hidden", "");
  test::write_text(folder / "train/notes.txt", "beside the folders of classes");
  const auto source = load(folder.path(), kPlain);
  EXPECT_EQ(source->classes, (std::vector<std::string>{"Zebra", "cat", "dog"}));
  EXPECT_EQ(source->outputs, 3);
  EXPECT_EQ(source->input_shape, (Shape{3, 4, 6}));
  EXPECT_EQ(source->targets, TargetKind::Labels);
  EXPECT_EQ(labels_by_value(*source->train),
            (std::map<int, std::int64_t>{{40, 0}, {30, 1}, {20, 1}, {10, 2}}));
  EXPECT_EQ(labels_by_value(*source->test), (std::map<int, std::int64_t>{{50, 1}}));
}

TEST(ImageFolder, draws_a_test_part_where_there_is_none) {
  const test::TempDir folder;
  for (int i = 0; i < 20; ++i) {
    write_image(folder / ((i % 4 == 0 ? "a/" : "b/") + std::to_string(i) + ".png"), i);
  }
  Json options = kPlain;
  options["test_ratio"] = 0.4;
  options["stratify"] = true;
  const auto source = load(folder.path(), options);
  const auto train = labels_by_value(*source->train);
  const auto test = labels_by_value(*source->test);
  EXPECT_EQ(train.size(), 12U);
  EXPECT_EQ(test.size(), 8U);
  int first_class = 0;
  for (const auto& [value, label] : test) {
    EXPECT_EQ(label, value % 4 == 0 ? 0 : 1);
    EXPECT_EQ(train.count(value), 0U);
    if (label == 0) ++first_class;
  }
  EXPECT_EQ(first_class, 2);
  EXPECT_EQ(labels_by_value(*load(folder.path(), options)->test), test);
  options["seed"] = 1;
  EXPECT_NE(labels_by_value(*load(folder.path(), options)->test), test);
}

TEST(ImageFolder, normalises_resizes_and_turns_gray) {
  const test::TempDir folder;
  write_image(folder / "a/1.png", 51, 8, 8);
  write_image(folder / "b/1.png", 255, 5, 3);
  const Json options = test::parse_json(
      R"({"channels": 1, "size": [2, 3], "mean": [0.1], "std": [0.5], "test_ratio": 0.5})");
  const auto source = load(folder.path(), options);
  EXPECT_EQ(source->input_shape, (Shape{1, 2, 3}));
  const std::vector<double> expected = {(0.2 - 0.1) / 0.5, (1 - 0.1) / 0.5};
  for (const DatasetPtr& part : {source->train, source->test}) {
    const Example only = part->get(0);
    for (const double value : only.input.to_vector<double>()) {
      EXPECT_NEAR(value, expected[only.target.item<std::size_t>()], 1e-6);
    }
  }
  // By channels.
  const auto colours = load(folder.path(), test::parse_json(R"({"size": [1, 1], "mean": [0, 0.5, 1],
      "std": [1, 2, 4], "test_ratio": 0.5})"));
  const Example example = colours->train->get(0);
  const double share = example.target.item<int>() == 0 ? 0.2 : 1;
  const auto values = example.input.to_vector<double>();
  EXPECT_NEAR(values[0], share, 1e-6);
  EXPECT_NEAR(values[1], (share - 0.5) / 2, 1e-6);
  EXPECT_NEAR(values[2], (share - 1) / 4, 1e-6);
}

TEST(ImageFolder, has_room_for_many_classes) {
  const test::TempDir folder;
  for (int i = 0; i < 300; ++i) {
    write_image(folder / ("train/" + std::to_string(1000 + i) + "/x.png"), i % 256, 1, 1);
  }
  write_image(folder / "test/1299/x.png", 7, 1, 1);
  const auto source = load(folder.path());
  EXPECT_EQ(source->outputs, 300);
  EXPECT_EQ(source->test->get(0).target.item<int>(), 299);
}

TEST(ImageFolder, is_trained_on) {
  const test::TempDir folder;
  for (int i = 0; i < 24; ++i) {
    write_image(folder / ((i % 2 == 0 ? "dark/" : "light/") + std::to_string(i) + ".png"),
                i % 2 == 0 ? 20 + i : 200 + i);
  }
  const Json config = {{"dataset", {{"type", "image_folder"}, {"path", folder.path().string()}}},
                       {"model", {{"type", "mlp"}, {"hidden", Json::array({4})}}},
                       {"loss", {{"type", "cross_entropy"}}},
                       {"optimizer", {{"type", "adam"}, {"lr", 0.05}}},
                       {"batch_size", 8},
                       {"epochs", 20}};
  Trainer trainer{Config(config)};
  EXPECT_EQ(trainer.train({.out = folder / "run"}).last.metric("accuracy"), 1.0);
}

TEST(ImageFolder, names_what_is_wrong) {
  const test::TempDir folder;
  EXPECT_EQ(refusal(folder / "nowhere"),
            "/dataset/path: \"" + (folder / "nowhere").string() + "\" is no folder");
  EXPECT_EQ(refusal(folder.path()),
            "/dataset/path: there are no folders of classes in \"" + folder.path().string() + "\"");
  write_image(folder / "a/1.png", 1);
  fs::create_directories(folder / "b");
  EXPECT_EQ(refusal(folder.path()), "/dataset/path: there are no images in \"" +
                                        (folder / "b").string() +
                                        "\"; add some, or take the folder away");
  write_image(folder / "b/1.png", 1, 5, 5);
  EXPECT_EQ(refusal(folder.path()), (folder / "b/1.png").string() + ": an image [3, 5, 5], but " +
                                        (folder / "a/1.png").string() +
                                        " is [3, 4, 6]; set \"size\" to resize them");
  test::write_text(folder / "b/2.gif", "");
  EXPECT_EQ(refusal(folder.path()), "/dataset/path: \"" + (folder / "b/2.gif").string() +
                                        "\" is no .png, .jpg or .jpeg file, as all within the "
                                        "folder of a class must be");
  fs::remove(folder / "b/2.gif");
  const std::string whole = test::read_text(folder / "b/1.png");
  test::write_text(folder / "b/1.png", whole.substr(0, whole.size() / 2));
  const std::string broken = refusal(folder.path(), test::parse_json(R"({"size": [4, 4]})"));
  EXPECT_TRUE(broken.starts_with((folder / "b/1.png").string() + ": is no sound PNG file"))
      << broken;
}

TEST(ImageFolder, names_what_is_wrong_between_the_parts) {
  const test::TempDir folder;
  write_image(folder / "train/cat/1.png", 1);
  write_image(folder / "train/dog/1.png", 1);
  write_image(folder / "test/cta/1.png", 1);
  EXPECT_EQ(refusal(folder.path()), "/dataset/path: \"" + (folder / "test/cta").string() +
                                        "\" is a class without images to train on (did you mean "
                                        "\"cat\"?)");
  fs::rename(folder / "test/cta", folder / "test/cat");
  write_image(folder / "test/cat/1.png", 1, 9, 9);
  EXPECT_EQ(refusal(folder.path()),
            (folder / "test").string() +
                ": images [3, 9, 9], but those to train on are [3, 4, 6]; set \"size\" to resize "
                "them");
  fs::remove(folder / "test/cat/1.png");
  EXPECT_EQ(refusal(folder.path()),
            "/dataset/path: there are no images in \"" + (folder / "test").string() + "\"");
}

TEST(ImageFolder, names_options_that_do_not_fit) {
  const auto option = [](const char* json) { return refusal("/nowhere", test::parse_json(json)); };
  EXPECT_EQ(option(R"({"channels": 2})"), "/channels: must be 1 or 3, got 2");
  EXPECT_EQ(option(R"({"size": [3]})"), "/size: expected [height, width], or []");
  EXPECT_EQ(option(R"({"mean": [1, 2]})"), "/mean: expected a list of one number, or of three");
  EXPECT_EQ(option(R"({"channels": 1, "std": [0]})"), "/std/0: 0 is out of range: must be > 0");
}

}  // namespace
}  // namespace gradus::data
