// `gradus reconstruct`: a picture of test images and what a model makes of them, or of images that
// it makes by itself.
#include "framework/ops/arithmetic.h"
#include "framework/ops/joining.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"
#include "framework/train/command_options.h"
#include "framework/train/png.h"
#include "framework/train/program.h"
#include "framework/train/trainer.h"
#include "framework/train/weights.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

struct ReconstructCommand {
  std::string config;
  std::string checkpoint;
  std::string out;
  std::vector<std::string> settings;
  std::int64_t count = 16;
  std::int64_t sample = 0;

  /// Returns the command, which does not yet run it.
  CLI::App* add_to(CLI::App& app);
  void run() const;
};

constexpr std::int64_t kMostImages = 4096;
constexpr std::int64_t kColumns = 8;

std::string check_ending(const std::string& path) {
  return path.ends_with(".png") ? "" : path + ": pictures are saved as .png";
}

void check_images(const Tensor& images) {
  const bool fits = images.dim() == 4 && (images.size(1) == 1 || images.size(1) == 3);
  if (fits) return;
  throw ConfigError("/dataset",
                    "its examples are no images [1, H, W] or [3, H, W] to show: [N, ...] "
                    "is " +
                        to_string(images.sizes()));
}

// Rows of images, each above what the model makes of it; the last row may end in blanks.
Tensor in_pairs(const Tensor& images, const Tensor& made, std::int64_t columns) {
  std::vector<Tensor> rows;
  for (std::int64_t begin = 0; begin < images.size(0); begin += columns) {
    const std::int64_t end = std::min(begin + columns, images.size(0));
    const Tensor blanks = zeros_like(images.slice(0, 0, columns - (end - begin)));
    for (const Tensor& each : {images, made}) {
      rows.push_back(each.slice(0, begin, end));
      rows.push_back(blanks);
    }
  }
  return cat(rows);
}

Tensor reconstructions(Trainer& trainer, const Tensor& images) {
  const Tensor made = trainer.predict(images);
  if (!(made.sizes() == images.sizes())) {
    throw ConfigError("/model", "makes outputs " + to_string(made.sizes()) + " of images " +
                                    to_string(images.sizes()) +
                                    ", which are no reconstructions of them");
  }
  return made.to(kFloat32);
}

Tensor samples(Trainer& trainer, std::int64_t count) {
  auto* sampler = dynamic_cast<Sampler*>(&trainer.model());
  if (sampler == nullptr) {
    throw ConfigError("/model", "makes no examples of its own, so there is nothing to --sample");
  }
  trainer.model().eval();
  return sampler->sample(count).to(kFloat32);
}

}  // namespace

CLI::App* ReconstructCommand::add_to(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("reconstruct", "draw test images and what an autoencoder makes of them");
  add_config(*command, config, settings);
  add_checkpoint(*command, checkpoint);
  command->add_option("-o,--out", out, "the file to write: .png")
      ->required()
      ->check(CLI::Validator(check_ending, "FILE"));
  command->add_option("--count", count, "how many test images (default: 16)")
      ->check(CLI::Range(std::int64_t{1}, kMostImages));
  command->add_option("--sample", sample, "draw this many images that the model makes, instead")
      ->check(CLI::Range(std::int64_t{1}, kMostImages));
  return command;
}

void ReconstructCommand::run() const {
  Trainer trainer(Config::load(config, settings));
  load_trained(trainer, checkpoint);
  const Tensor images = trainer.test_examples(count).input.to(kFloat32);
  check_images(images);
  // Black and white are the least and the largest number of the test images.
  const auto least = min(images).item<double>();
  const auto range = std::max(max(images).item<double>() - least, 1e-12);
  Tensor shown;
  if (sample > 0) {
    shown = samples(trainer, sample);
  } else {
    const Tensor made = reconstructions(trainer, images);
    shown = in_pairs(images, made, std::min(kColumns, images.size(0)));
    std::printf("mean squared error of %lld images: %.6f\n", static_cast<long long>(images.size(0)),
                mean((made - images) * (made - images)).item<double>());
  }
  write_png(out, image_grid((shown - least) / range,
                            std::min(kColumns, sample > 0 ? sample : images.size(0)), 2, 0.5));
  std::cout << "wrote " << out << '\n';
}

namespace {

const bool kRegistered = add_command([](CLI::App& app) {
  auto made = std::make_shared<ReconstructCommand>();
  made->add_to(app)->callback([made] { made->run(); });
});

}  // namespace
}  // namespace gradus
