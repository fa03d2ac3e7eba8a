// Writes models as ONNX files, with inputs and what Gradus makes of them: for run.sh.
//   onnx_cases FOLDER
// The folder gets manifest.json: for each case its name, its files, the batches to try, and whether
// batches change its results. All models of models/ go through `gradus export` with weights from a
// state dict; layers.json and the samples of all ops through export_model().
#include "framework/onnx/export.h"
#include "framework/train/safetensors.h"
#include "framework/train/trainer.h"

#include <filesystem>
#include <iostream>
#include <random>

#include "tests/onnx/cases.h"
#include "tests/support/json.h"
#include "tests/support/npy_file.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace gradus::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kExamples = 100;
constexpr int kImagesPerFile = 40;

std::string npy(const Tensor& tensor) {
  const Tensor dense = tensor.detach().contiguous();
  const std::map<DType, const char*> types = {
      {kBool, "|b1"}, {kUInt8, "|u1"}, {kInt64, "<i8"}, {kFloat32, "<f4"}, {kFloat64, "<f8"}};
  std::string shape = "(";
  for (const std::int64_t size : dense.sizes()) shape += std::to_string(size) + ", ";
  return npy_array(types.at(dense.dtype()), shape + ")",
                   std::string(static_cast<const char*>(dense.raw().data), dense.nbytes()));
}

class Cases {
 public:
  explicit Cases(fs::path folder) : folder_(std::move(folder)) { fs::create_directories(folder_); }

  void add_models() {
    write_cifar();
    for (const auto& entry : fs::directory_iterator(source_path("models"))) {
      if (entry.path().extension() == ".json") add_model(entry.path());
    }
  }

  void add_layers() {
    const Json cases = read_cases("layers.json");
    for (const auto& [name, list] : cases.items()) {
      int number = 0;
      for (const Json& json : list) {
        const std::string label = "layer " + name + " " + std::to_string(++number);
        manual_seed(7);
        const LayerCase made = make_layer_case(json, kExamples);
        write_text(folder_ / (file_name(label) + ".onnx"),
                   onnx::export_model(*made.model, made.inputs));
        const NoGradGuard no_grad;
        const Json batches = json.value("batches", Json{1, 7, 100});
        add(label, made.inputs, made.model->call(made.inputs), batches);
      }
    }
  }

  void add_ops() {
    const Json refused = read_cases("refused.json");
    for (const auto& [name, entry] : ops::OpRegistry::instance().entries()) {
      if (refused["ops"].contains(name)) continue;
      const bool partly = refused["some_calls"].contains(name);
      int number = 0;
      const ops::Samples samples = entry.samples();
      for (const ops::Sample& sample : samples.good) {
        if (!CallModel::fits(sample)) continue;
        add_op("op " + std::string(name) + " " + std::to_string(++number), sample, partly);
      }
    }
  }

  void finish() const { write_text(folder_ / "manifest.json", dump(manifest_, 1)); }

 private:
  void add_op(const std::string& label, const ops::Sample& sample, bool may_be_refused) {
    CallModel model(sample);
    const Tensor examples = model.examples();
    try {
      write_text(folder_ / (file_name(label) + ".onnx"), onnx::export_model(model, examples));
    } catch (const Error& error) {
      if (may_be_refused) return;
      std::cerr << label << ": " << error.what() << "\n";
      failed_ = true;
      return;
    }
    const NoGradGuard no_grad;
    const Tensor output = model.call(examples.slice(0, 0, 1));
    if (output.numel() > 0) add(label, examples.slice(0, 0, 1), output, Json{1});
  }

  void add(const std::string& label, const Tensor& inputs, const Tensor& outputs,
           const Json& batches) {
    const std::string file = file_name(label);
    write_text(folder_ / (file + ".input.npy"), npy(inputs));
    write_text(folder_ / (file + ".output.npy"), npy(outputs));
    manifest_.push_back({{"name", label}, {"file", file}, {"batches", batches}});
  }

  // Colours in the binary form of CIFAR-10, few and random.
  void write_cifar() const {
    fs::create_directories(folder_ / "cifar");
    std::mt19937 random(3);
    for (const char* name : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4",
                             "data_batch_5", "test_batch"}) {
      std::string bytes;
      for (int image = 0; image < kImagesPerFile * 3; ++image) {
        bytes += static_cast<char>(random() % 10);
        for (int i = 0; i < 3 * 32 * 32; ++i) bytes += static_cast<char>(random() % 256);
      }
      write_text(folder_ / "cifar" / (std::string(name) + ".bin"), bytes);
    }
  }

  void add_model(const fs::path& config) {
    const std::vector<std::string> settings = data_for(config);
    Trainer trainer(Config::load(config, settings));
    stir(trainer.model());
    const Tensor found = trainer.test_examples(kExamples).input;
    const Tensor rows = remainder(arange(kExamples), found.size(0));  // small data sets: again
    const Tensor inputs = index_select(found, 0, rows);
    settle(trainer.model(), inputs.slice(0, 0, 16));
    const std::string label = "model " + config.stem().string();
    const fs::path weights = folder_ / (file_name(label) + ".safetensors");
    write_safetensors(weights, {trainer.model().state_dict(), {}});
    std::vector<std::string> command = {program_path(),
                                        "export",
                                        config.string(),
                                        "--checkpoint",
                                        weights.string(),
                                        "-o",
                                        (folder_ / (file_name(label) + ".onnx")).string()};
    for (const std::string& each : settings) command.insert(command.end(), {"--set", each});
    const ProcessResult result = Process(command).finish();
    if (result.exit_code != 0) throw std::runtime_error(label + ": " + result.err);
    add(label, inputs, trainer.predict(inputs), Json{1, 7, 100});
  }

  // Brings running statistics near to those of the data.
  static void settle(nn::Module& model, const Tensor& inputs) {
    const NoGradGuard no_grad;
    model.train();
    for (int i = 0; i < 20 && !model.named_buffers().empty(); ++i) model.call(inputs);
  }

  // Settings that give a config random data, where its own need not be on this machine.
  std::vector<std::string> data_for(const fs::path& config) const {
    const Json dataset = parse_json(read_text(config))["dataset"];
    if (dataset["type"] == "cifar10") {
      return {"dataset.path=" + (folder_ / "cifar").string(),
              "dataset.per_file=" + std::to_string(3 * kImagesPerFile)};
    }
    if (dataset["type"] != "csv") return {};
    const fs::path table = folder_ / (config.stem().string() + ".csv");
    const bool has_targets = !dataset.contains("target_path");  // in the table
    write_table(table, kFeatures.at(config.stem().string()), dataset.value("delimiter", ","),
                has_targets);
    std::vector<std::string> settings = {"dataset.path=" + table.string()};
    if (!has_targets) {
      const fs::path targets = folder_ / (config.stem().string() + ".targets.csv");
      write_table(targets, 1, " ", false);
      settings.push_back("dataset.target_path=" + targets.string());
    }
    return settings;
  }

  // A line that is passed over, or read as numbers, then rows of numbers and, if asked for, labels.
  static void write_table(const fs::path& path, int columns, const std::string& delimiter,
                          bool with_labels) {
    std::mt19937 random(4);
    std::string text;
    for (int row = 0; row <= 2 * kExamples; ++row) {
      for (int column = 0; column < columns; ++column) {
        text += (column > 0 ? delimiter : "") + std::to_string(static_cast<int>(random() % 1000));
      }
      if (with_labels) text += delimiter + std::to_string(row % 3);
      text += '\n';
    }
    write_text(path, text);
  }

  // The columns of the tables of models/, which are in packages that need not be there.
  inline static const std::map<std::string, int> kFeatures = {
      {"wine", 13}, {"logistic_regression", 30}, {"linear_regression", 10}};

  fs::path folder_;
  Json manifest_ = Json::array();
  bool failed_ = false;

 public:
  [[nodiscard]] bool failed() const { return failed_; }
};

}  // namespace
}  // namespace gradus::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: onnx_cases FOLDER\n";
    return 2;
  }
  try {
    gradus::test::Cases cases(argv[1]);
    cases.add_models();
    cases.add_layers();
    cases.add_ops();
    cases.finish();
    return cases.failed() ? 1 : 0;
  } catch (const std::exception& error) {
    std::cerr << "onnx_cases: " << error.what() << "\n";
    return 1;
  }
}
