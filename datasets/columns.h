// The columns of a table as numbers, and rows of them as tensors.
//
// A numeric column gives one number; a categorical one as many as it has levels: one where the
// level stands in a row, zeros elsewhere (one-hot). What is fitted (means, deviations, shares) is
// fitted on the rows of the training part alone; levels are those of the whole table.
#pragma once

#include "datasets/csv_reader.h"
#include "framework/tensor/tensor.h"

#include <cmath>
#include <span>

namespace gradus::data {

/// A column of a table. Missing values are NaN, so others never are.
struct Column {
  std::int64_t index = 0;  ///< in the table
  bool is_categorical = false;
  std::vector<double> values;       ///< of the rows; of a categorical column the level's number
  std::vector<std::string> levels;  ///< in order: of numbers if all are such, else of bytes

  [[nodiscard]] bool is_missing(std::int64_t row) const {
    return std::isnan(values[static_cast<std::size_t>(row)]);
  }
};

enum class ColumnKind {
  Automatic,   ///< numeric if its first value is a number, else categorical
  Numeric,     ///< all values must be finite numbers
  Categorical  ///< all values are texts
};

/// Reads a column; cells with one of the texts `missing` have no value. Throws FileError, with line
/// and column, for what is no finite number in a numeric column, for an automatic one that is
/// neither kind or whose texts are nearly all different, and for a column without any value.
Column read_column(const CsvTable& table, std::int64_t index, ColumnKind kind,
                   const std::vector<std::string>& missing);

/// The same column of another table: of the same kind, with the same levels. Throws FileError for a
/// level that `like` has not.
Column read_column_like(const Column& like, const CsvTable& table,
                        const std::vector<std::string>& missing);

/// What stands for missing values, and how numbers are scaled.
struct ColumnScale {
  double mean = 0;             ///< also in place of missing values
  double std = 1;              ///< what is divided by
  std::vector<double> shares;  ///< of the levels; in place of missing ones
};

/// Mean and standard deviation (of the whole, not of a sample) over the values in `rows`, or the
/// shares of the levels. With `standardize` false, or where all values are equal, `std` is 1.
/// Throws FileError where there is no value in those rows, and where 64 bits cannot hold the
/// deviation.
ColumnScale fit_column(const CsvTable& table, const Column& column,
                       std::span<const std::int64_t> rows, bool standardize);

/// The columns' numbers, [rows, numbers of all columns], float32: (value - mean) / std where
/// `standardize`, else the value. Throws FileError for one that float32 cannot hold.
Tensor encode_columns(const CsvTable& table, const std::vector<Column>& columns,
                      const std::vector<ColumnScale>& scales, std::span<const std::int64_t> rows,
                      bool standardize);

}  // namespace gradus::data
