// New rows for a model that was trained on a table: files of its feature columns.
#pragma once

#include "datasets/columns.h"
#include "framework/train/dataset.h"

namespace gradus::data {

/// How a table became inputs.
struct CsvEncoding {
  CsvFormat format{};
  std::vector<std::string> names{};     ///< of all its columns
  std::vector<std::int64_t> targets{};  ///< those of them that are targets
  std::vector<Column> features{};       ///< without values
  std::vector<ColumnScale> scales{};    ///< of the features
  std::vector<std::string> missing_values{};
  bool fills_missing = false;  ///< whether a missing value is the mean; it is an error if not
  bool standardize = true;
};

/// Reads CSV files of that format. With a header the features are found by their names, in any
/// order, beside any other columns; without one the file has all columns of the table in their
/// order, or all but the targets. Missing columns, levels that the table has not and whatever
/// read_column refuses are a FileError.
std::shared_ptr<const InputReader> csv_reader(CsvEncoding encoding);

}  // namespace gradus::data
