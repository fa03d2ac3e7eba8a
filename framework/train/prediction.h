// Predictions: what a trained model says of inputs whose targets nobody knows.
//
//   Trainer trainer(Config::load("models/wine.json"));
//   load_trained(trainer, "wine.safetensors");
//   const Prediction found = predict(trainer, trainer.data().reader->read("new.csv"));
//   std::cout << found.values << found.probabilities;             // [N] and [N, C]
//   std::cout << to_text(found, trainer.data(), {.format = PredictionFormat::Csv});
#pragma once

#include "framework/train/trainer.h"

namespace gradus {

/// What is predicted for each example.
struct Prediction {
  enum class Kind {
    Classes,   ///< a class, or one at every place of the example
    Outcomes,  ///< zeros and ones, of a loss such as binary_cross_entropy_with_logits
    Values     ///< numbers
  };
  Kind kind = Kind::Values;
  /// Classes: int64 [N, d...], of equal scores the first. Outcomes: int64 [N, K], 1 where it is the
  /// more probable one. Values: float64 [N, K].
  Tensor values;
  /// Float64. Classes: of each, [N, C, d...]; undefined where the loss tells none. Outcomes: of 1,
  /// [N, K].
  Tensor probabilities{};
};

/// The prediction for inputs [N, ...], computed as in Trainer::evaluate(). Throws ValueError for
/// outputs that are NaN or values that are infinite.
Prediction predict(Trainer& trainer, const Tensor& inputs);

enum class PredictionFormat {
  Csv,       ///< a header, then RFC 4180
  JsonLines  ///< an object a line
};

struct PredictionTextOptions {
  PredictionFormat format = PredictionFormat::Csv;
  bool probabilities = false;  ///< whether those of all classes are written
};

/// A line for each example in its order, or for each place of each example under "example" and
/// "place"; numbers from 0 on. Classes: "class", by its name where there is one, and "probability".
/// Outcomes the same, of several columns under their names. Values: the columns' names, or "value".
/// Throws ValueError for probabilities that there are not.
std::string to_text(const Prediction& prediction, const data::DataSource& data,
                    const PredictionTextOptions& options);

}  // namespace gradus
