#include "framework/train/prediction.h"
#include "framework/ops/comparison.h"
#include "framework/ops/reduction.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

// JSON is UTF-8, which names in a table need not be.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Throws where a number is NaN, or infinite if that is no good either.
void check_numbers(const Tensor& numbers, bool may_be_infinite) {
  const auto values = numbers.to_vector<double>();
  const auto bad = std::find_if(values.begin(), values.end(), [&](double value) {
    return std::isnan(value) || (!may_be_infinite && std::isinf(value));
  });
  if (bad == values.end()) return;
  const auto of_one = static_cast<std::ptrdiff_t>(values.size()) / numbers.size(0);
  throw ValueError("the model's output for example " +
                   std::to_string((bad - values.begin()) / of_one) + " is " +
                   (std::isnan(*bad) ? "NaN" : "infinite"));
}

Json number(double value) {
  return short_decimal(static_cast<float>(value));
}

// Writes the lines of a Prediction, each a JSON object at first.
class Lines {
 public:
  Lines(const Prediction& prediction, const data::DataSource& data,
        const PredictionTextOptions& options)
      : prediction_(prediction),
        data_(data),
        options_(options),
        values_(prediction.values.to_vector<double>()) {
    if (prediction.probabilities.defined()) {
      probabilities_ = prediction.probabilities.to_vector<double>();
    } else if (options.probabilities) {
      throw ValueError("there are no probabilities: the loss does not tell them");
    }
  }

  std::string text() {
    const std::int64_t examples = prediction_.values.size(0);
    const std::int64_t of_one = prediction_.values.numel() / examples;
    for (std::int64_t i = 0; i < examples; ++i) {
      if (prediction_.kind == Prediction::Kind::Classes) {
        for (std::int64_t place = 0; place < of_one; ++place) write(class_at(i, place, of_one));
      } else {
        Json line;
        for (std::int64_t k = 0; k < of_one; ++k) {
          prediction_.kind == Prediction::Kind::Outcomes ? add_outcome(line, i, k, of_one)
                                                         : add_value(line, i, k, of_one);
        }
        write(line);
      }
    }
    return std::move(text_);
  }

 private:
  static double at(const std::vector<double>& list, std::int64_t i) {
    return list[static_cast<std::size_t>(i)];
  }

  [[nodiscard]] Json class_name(std::int64_t c) const {
    return c < std::ssize(data_.classes) ? Json(data_.classes[static_cast<std::size_t>(c)])
                                         : Json(c);
  }

  [[nodiscard]] Json class_at(std::int64_t example, std::int64_t place, std::int64_t places) const {
    Json line;
    if (prediction_.values.dim() > 1) line = {{"example", example}, {"place", place}};
    const auto c = static_cast<std::int64_t>(at(values_, example * places + place));
    line["class"] = class_name(c);
    if (probabilities_.empty()) return line;
    const std::int64_t classes = prediction_.probabilities.size(1);
    const auto probability = [&](std::int64_t of) {
      return number(at(probabilities_, (example * classes + of) * places + place));
    };
    line["probability"] = probability(c);
    for (std::int64_t each = 0; options_.probabilities && each < classes; ++each) {
      line["probabilities"][key(class_name(each))] = probability(each);
    }
    return line;
  }

  static std::string key(const Json& name) {
    return name.is_string() ? name.get<std::string>() : name.dump();
  }

  // What a column is called; `otherwise` where it has no name.
  [[nodiscard]] std::string column_name(std::int64_t k, std::int64_t columns,
                                        const std::string& otherwise) const {
    if (std::ssize(data_.columns) == columns)
      return data_.columns[static_cast<std::size_t>(k)].name;
    return columns == 1 ? otherwise : otherwise + "_" + std::to_string(k);
  }

  void add_outcome(Json& line, std::int64_t example, std::int64_t k, std::int64_t columns) const {
    const std::int64_t place = example * columns + k;
    const auto outcome = static_cast<std::size_t>(at(values_, place));
    const double of_one = at(probabilities_, place);
    const bool named = std::ssize(data_.columns) == columns &&
                       data_.columns[static_cast<std::size_t>(k)].levels.size() == 2;
    const auto level = [&](std::size_t i) {
      return named ? Json(data_.columns[static_cast<std::size_t>(k)].levels[i]) : Json(i);
    };
    const std::string name = columns == 1 ? "class" : column_name(k, columns, "class");
    const std::string prefix = columns == 1 ? "" : name + "_";
    line[name] = level(outcome);
    line[prefix + "probability"] = number(outcome == 1 ? of_one : 1 - of_one);
    if (!options_.probabilities) return;
    line[prefix + "probabilities"] = {{key(level(0)), number(1 - of_one)},
                                      {key(level(1)), number(of_one)}};
  }

  void add_value(Json& line, std::int64_t example, std::int64_t k, std::int64_t columns) const {
    line[column_name(k, columns, "value")] = number(at(values_, example * columns + k));
  }

  void write(const Json& line) {
    if (options_.format == PredictionFormat::JsonLines) {
      text_ += dump(line) + '\n';
      return;
    }
    std::string header;
    std::string row;
    add_cells(line, "", header, row);
    if (text_.empty()) text_ = header + '\n';
    text_ += row + '\n';
  }

  // "probabilities": {"a": 1} becomes probabilities_a.
  static void add_cells(const Json& object, const std::string& prefix, std::string& header,
                        std::string& row) {
    for (const auto& [name, value] : object.items()) {
      if (value.is_object()) {
        add_cells(value, prefix + name + "_", header, row);
        continue;
      }
      if (!row.empty()) {
        header += ',';
        row += ',';
      }
      header += cell(prefix + name);
      row += value.is_string() ? cell(value.get<std::string>()) : value.dump();
    }
  }

  static std::string cell(const std::string& text) {
    const bool plain = !text.empty() && text.find_first_of(",\"\r\n") == std::string::npos &&
                       text.front() != ' ' && text.front() != '\t' && text.back() != ' ' &&
                       text.back() != '\t';
    if (plain) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
  }

  const Prediction& prediction_;
  const data::DataSource& data_;
  const PredictionTextOptions& options_;
  std::vector<double> values_;
  std::vector<double> probabilities_;
  std::string text_;
};

}  // namespace

Prediction predict(Trainer& trainer, const Tensor& inputs) {
  const nn::Loss& loss = trainer.loss();
  const Tensor output = trainer.outputs(inputs);
  check_numbers(output, true);
  const Tensor predicted = loss.predicted(output.to(kFloat64));
  Prediction result;
  if (loss.is_classification()) {
    result.kind = Prediction::Kind::Classes;
    result.values = argmax(output, 1);
    if (loss.has_probabilities()) result.probabilities = predicted.contiguous();
    return result;
  }
  const Tensor columns = predicted.reshape({inputs.size(0), -1});
  if (loss.has_probabilities()) {
    result.kind = Prediction::Kind::Outcomes;
    result.values = gt(columns, 0.5).to(kInt64);
    result.probabilities = columns;
    return result;
  }
  check_numbers(columns, false);
  result.values = columns;
  return result;
}

std::string to_text(const Prediction& prediction, const data::DataSource& data,
                    const PredictionTextOptions& options) {
  return Lines(prediction, data, options).text();
}

}  // namespace gradus
