#include "datasets/columns.h"
#include "framework/nn/options.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

namespace gradus::data {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// More texts than this, and most of them different: names or notes, not levels.
constexpr std::size_t kManyLevels = 10;

struct Number {
  double value = 0;
  bool is_finite = false;
};

// Nothing if the text is no number at all.
std::optional<Number> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with('+')) return {};
  Number number;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number.value);
  if (last != end || error == std::errc::invalid_argument) return {};
  number.is_finite = error == std::errc() && std::isfinite(number.value);
  return number;
}

bool is_one_of(std::string_view text, const std::vector<std::string>& texts) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string quoted(1, '"');
  quoted += text.substr(0, kMost);
  quoted += text.size() > kMost ? "...\"" : "\"";
  return quoted;
}

[[noreturn]] void refuse(const CsvTable& table, std::int64_t row, std::int64_t column,
                         const std::string& reason) {
  throw FileError(table.place(row, column) + ": " + reason);
}

// The number in a cell of a numeric column.
double read_number(const CsvTable& table, std::int64_t row, std::int64_t index) {
  const std::string_view text = table.cell(row, index);
  const auto number = number_of(text);
  if (!number) {
    refuse(table, row, index,
           in_quotes(text) +
               " is no number; if it stands for a missing value, list it in "
               "\"missing_values\"; if the column holds texts, in \"categorical\"");
  }
  if (!number->is_finite) {
    refuse(table, row, index,
           in_quotes(text) +
               " is no finite number that 64 bits can hold; if it stands for a missing "
               "value, list it in \"missing_values\"");
  }
  return number->value;
}

std::vector<std::string> in_order(const std::map<std::string_view, std::int64_t>& counts) {
  std::vector<std::string> levels;
  bool numbers = true;
  for (const auto& [text, count] : counts) {
    levels.emplace_back(text);
    const auto number = number_of(text);
    numbers = numbers && number && number->is_finite;
  }
  if (numbers) {
    std::stable_sort(levels.begin(), levels.end(), [](const auto& a, const auto& b) {
      return number_of(a)->value < number_of(b)->value;
    });
  }
  return levels;
}

// The values of a column as the numbers of the levels.
void number_levels(const CsvTable& table, const std::vector<std::string>& missing, Column& column) {
  std::map<std::string_view, double> numbers;
  for (const std::string& level : column.levels) {
    numbers.emplace(level, static_cast<double>(numbers.size()));
  }
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::string_view text = table.cell(row, column.index);
    const auto found = numbers.find(text);
    if (found != numbers.end()) {
      column.values.push_back(found->second);
    } else if (is_one_of(text, missing)) {
      column.values.push_back(kMissing);
    } else {
      refuse(table, row, column.index,
             in_quotes(text) + " does not occur in the training file" +
                 suggest(std::string(text), column.levels) +
                 "; add a row with it there, or take this one out");
    }
  }
}

void read_levels(const CsvTable& table, ColumnKind kind, const std::vector<std::string>& missing,
                 Column& column) {
  std::map<std::string_view, std::int64_t> counts;
  std::int64_t values = 0;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::string_view text = table.cell(row, column.index);
    if (is_one_of(text, missing)) continue;
    if (kind == ColumnKind::Automatic && number_of(text)) {
      refuse(table, row, column.index,
             in_quotes(text) +
                 " reads as a number, but the column begins with texts; if it stands for "
                 "a missing value, list it in \"missing_values\"; if all are "
                 "texts, list the column in \"categorical\"");
    }
    ++counts[text];
    ++values;
  }
  if (kind == ColumnKind::Automatic && counts.size() > kManyLevels &&
      2 * static_cast<std::int64_t>(counts.size()) > values) {
    refuse(table, 0, column.index,
           "it holds " + std::to_string(counts.size()) + " different texts in " +
               std::to_string(values) +
               " rows; list it in \"ignore\", or in \"categorical\" to use it all the same");
  }
  column.is_categorical = true;
  column.levels = in_order(counts);
  number_levels(table, missing, column);
}

void read_numbers(const CsvTable& table, const std::vector<std::string>& missing, Column& column) {
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const bool none = is_one_of(table.cell(row, column.index), missing);
    column.values.push_back(none ? kMissing : read_number(table, row, column.index));
  }
}

// The first row with a value.
std::int64_t first_value(const CsvTable& table, std::int64_t index,
                         const std::vector<std::string>& missing) {
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (!is_one_of(table.cell(row, index), missing)) return row;
  }
  refuse(table, 0, index, "it has no values at all; list it in \"ignore\"");
}

}  // namespace

Column read_column(const CsvTable& table, std::int64_t index, ColumnKind kind,
                   const std::vector<std::string>& missing) {
  Column column;
  column.index = index;
  const std::int64_t first = first_value(table, index, missing);
  if (kind == ColumnKind::Numeric ||
      (kind == ColumnKind::Automatic && number_of(table.cell(first, index)))) {
    read_numbers(table, missing, column);
  } else {
    read_levels(table, kind, missing, column);
  }
  return column;
}

Column read_column_like(const Column& like, const CsvTable& table,
                        const std::vector<std::string>& missing) {
  Column column;
  column.index = like.index;
  column.is_categorical = like.is_categorical;
  column.levels = like.levels;
  if (like.is_categorical) {
    number_levels(table, missing, column);
  } else {
    read_numbers(table, missing, column);
  }
  return column;
}

ColumnScale fit_column(const CsvTable& table, const Column& column,
                       std::span<const std::int64_t> rows, bool standardize) {
  ColumnScale scale;
  scale.shares.resize(column.levels.size());
  double count = 0;
  double sum = 0;
  double smallest = std::numeric_limits<double>::infinity();
  double largest = -smallest;
  for (const std::int64_t row : rows) {
    if (column.is_missing(row)) continue;
    const double value = column.values[static_cast<std::size_t>(row)];
    if (column.is_categorical) ++scale.shares[static_cast<std::size_t>(value)];
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
    sum += value;
    ++count;
  }
  if (count == 0) {
    throw FileError(table.path().string() + ": column \"" +
                    table.names()[static_cast<std::size_t>(column.index)] +
                    "\" has no values in the training part; list it in \"ignore\"");
  }
  for (double& share : scale.shares) share /= count;
  scale.mean = sum / count;
  if (!standardize || column.is_categorical) return scale;
  if (smallest == largest) {  // the mean may be rounded, and its distance is nothing to divide by
    scale.mean = smallest;
    return scale;
  }
  double squares = 0;
  for (const std::int64_t row : rows) {
    if (column.is_missing(row)) continue;
    const double distance = column.values[static_cast<std::size_t>(row)] - scale.mean;
    squares += distance * distance;
  }
  scale.std = std::sqrt(squares / count);
  if (scale.std > 0 && std::isfinite(scale.std)) return scale;
  throw FileError(table.path().string() + ": column \"" +
                  table.names()[static_cast<std::size_t>(column.index)] +
                  "\" has numbers that are too " + (std::isfinite(scale.std) ? "close" : "large") +
                  " to be standardised with 64 bits; scale the column");
}

namespace {

float* encode_cell(const CsvTable& table, const Column& column, const ColumnScale& scale,
                   std::int64_t row, bool standardize, float* to) {
  const double value = column.values[static_cast<std::size_t>(row)];
  if (column.is_categorical) {
    for (std::size_t level = 0; level < column.levels.size(); ++level) {
      const bool is_level = value == static_cast<double>(level);
      *to++ = column.is_missing(row) ? static_cast<float>(scale.shares[level])
              : is_level             ? 1.0F
                                     : 0.0F;
    }
    return to;
  }
  const double known = column.is_missing(row) ? scale.mean : value;
  *to = static_cast<float>(standardize ? (known - scale.mean) / scale.std : known);
  if (!std::isfinite(*to)) {
    refuse(table, row, column.index, "the number is too large for float32; scale the column");
  }
  return to + 1;
}

}  // namespace

Tensor encode_columns(const CsvTable& table, const std::vector<Column>& columns,
                      const std::vector<ColumnScale>& scales, std::span<const std::int64_t> rows,
                      bool standardize) {
  std::size_t width = 0;
  for (const Column& column : columns) width += column.is_categorical ? column.levels.size() : 1;
  const Tensor result({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(width)},
                      kFloat32);
  float* to = result.data_ptr<float>();
  for (const std::int64_t row : rows) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      to = encode_cell(table, columns[c], scales[c], row, standardize, to);
    }
  }
  return result;
}

}  // namespace gradus::data
