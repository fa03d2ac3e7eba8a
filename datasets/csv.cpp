// csv: a table in a file, or in two. Some columns are what is to be predicted, the others become
// numbers: see columns.h. The test part is drawn from the rows, or is a file of the same columns.
// What is to be predicted may also stand in a file of its own, row by row.
#include "datasets/columns.h"
#include "datasets/csv_input.h"
#include "datasets/split.h"
#include "framework/tensor/creation.h"
#include "framework/train/dataset.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gradus::data {
namespace {

using Rows = std::vector<std::int64_t>;  // numbers of rows, or of columns

// The name or the number of a column, and a list of them, as JSON Schema.
const std::string kColumn = R"({"type": ["string", "integer"]})";
const std::string kColumns = R"({"type": "array", "items": )" + kColumn + "}";

struct CsvOptions {
  std::string path;
  std::string test_path;
  std::string target_path;
  double test_ratio = 0.2;
  bool stratify = false;
  std::int64_t seed = 0;
  std::string delimiter = ",";
  bool header = true;
  std::int64_t skip_lines = 0;
  std::vector<std::string> names;
  Json target;
  std::string task = "auto";
  Json ignore = Json::array();
  Json categorical = Json::array();
  std::string missing = "error";
  std::vector<std::string> missing_values = {""};
  bool standardize = true;

  void describe(OptionReader& o) {
    o.required()("path", path, "the file");
    o("test_path", test_path, "the file of the test part; empty: a share of the rows of \"path\"");
    o("target_path", target_path,
      "a file of the same form and as many rows that holds the columns of \"target\"; empty: "
      "they are in \"path\"");
    o("test_ratio", test_ratio, "that share", {.above = 0, .below = 1});
    o("stratify", stratify, "whether each class gives the same share (classification)");
    o("seed", seed, "of the choice of those rows", {.min = 0});
    o("delimiter", delimiter, "one character between cells");
    o("header", header, "whether the first row names the columns");
    o("skip_lines", skip_lines, "lines before the header, or the first row", {.min = 0});
    o("names", names, "of the columns, where there is no header; empty: \"0\", \"1\", ...");
    o.required()("target", target,
                 "the column to predict, or a list: names, or numbers from 0 on "
                 "(negative: from the end)",
                 {"column", R"({"anyOf": [)" + kColumn + ", " + kColumns + "]}"});
    o("task", task,
      "classification: a label; regression: numbers; binary: zeros and ones, of columns with two "
      "values; auto: classification if the target is one column of texts, else regression",
      {"auto", "classification", "regression", "binary"});
    o("ignore", ignore, "columns that are left out", {"columns", kColumns});
    o("categorical", categorical, "columns of levels, beside those of texts",
      {"columns", kColumns});
    o("missing", missing,
      "values: error; drop: their rows are left out; mean: the mean of the training part, or the "
      "shares of the levels",
      {"error", "drop", "mean"});
    o("missing_values", missing_values, "the cells that have no value");
    o("standardize", standardize,
      "whether numbers become (number - mean) / standard deviation, those of the training part");
    check(o.path());
  }

  [[nodiscard]] CsvFormat format() const { return {delimiter.front(), header, skip_lines, names}; }

 private:
  void check(const std::string& at) const {
    if (delimiter.size() != 1 || std::string_view("\"\r\n").find(delimiter) < 3) {
      throw ConfigError(at + "/delimiter", "expected one character that is no quote or line end");
    }
    if (!ignore.is_array()) throw ConfigError(at + "/ignore", "expected a list of columns");
    if (!categorical.is_array()) {
      throw ConfigError(at + "/categorical", "expected a list of columns");
    }
    if (!test_path.empty() && !target_path.empty()) {
      throw ConfigError(at + "/target_path",
                        "goes with a share of the rows for testing; beside \"test_path\" the "
                        "targets must be in the two files");
    }
    if (header && !names.empty()) {
      throw ConfigError(at + "/names",
                        "is for files without a header; set \"header\" to false, "
                        "and \"skip_lines\" to 1 to replace one");
    }
  }
};

// The column that a config means by a name or a number.
std::int64_t find_column(const CsvTable& table, const Json& column, const std::string& option) {
  const std::vector<std::string>& names = table.names();
  const std::string path = "/dataset/" + option;
  if (column.is_string()) {
    const auto name = column.get<std::string>();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return found - names.begin();
    throw ConfigError(
        path, table.path().string() + " has no column \"" + name + "\"" + suggest(name, names));
  }
  if (!column.is_number_integer()) {
    throw ConfigError(path, "expected the name or the number of a column, got " + column.dump());
  }
  const auto number = column.get<std::int64_t>();
  if (number < -table.columns() || number >= table.columns()) {
    throw ConfigError(path, "column " + std::to_string(number) + " of " + table.path().string() +
                                ", which has " + std::to_string(table.columns()));
  }
  return number < 0 ? number + table.columns() : number;
}

Rows find_columns(const CsvTable& table, const Json& list, const std::string& option) {
  Rows found;
  for (const Json& each : list.is_array() ? list : Json::array({list})) {
    found.push_back(find_column(table, each, option));
    if (std::count(found.begin(), found.end(), found.back()) > 1) {
      throw ConfigError(
          "/dataset/" + option,
          "names column \"" + table.names()[static_cast<std::size_t>(found.back())] + "\" twice");
    }
  }
  return found;
}

// A file as columns of features and targets.
struct Table {
  std::shared_ptr<const CsvTable> cells;
  std::shared_ptr<const CsvTable> target_cells;  // the same, or those of another file
  std::vector<Column> features{};
  std::vector<Column> targets{};
};

TargetKind kind_of(const CsvOptions& options, const std::vector<Column>& targets) {
  if (options.task == "classification") return TargetKind::Labels;
  if (options.task == "binary") return TargetKind::Binary;
  const bool one_of_texts = targets.size() == 1 && targets[0].is_categorical;
  return options.task == "auto" && one_of_texts ? TargetKind::Labels : TargetKind::Values;
}

void check_targets(const Table& table, TargetKind kind) {
  if (kind == TargetKind::Labels && table.targets.size() != 1) {
    throw ConfigError("/dataset/target", "classification has one target, got " +
                                             std::to_string(table.targets.size()) + " columns");
  }
  for (const Column& column : table.targets) {
    const std::size_t levels = column.levels.size();
    const bool fits =
        kind == TargetKind::Values || levels == 2 || (kind == TargetKind::Labels && levels > 2);
    if (fits) continue;
    throw ConfigError("/dataset/target",
                      "column \"" +
                          table.target_cells->names()[static_cast<std::size_t>(column.index)] +
                          "\" has " + std::to_string(levels) + " different value" +
                          (levels == 1 ? "" : "s") + ", which is nothing to " +
                          (kind == TargetKind::Labels ? "tell apart" : "tell by zeros and ones"));
  }
}

// What the config says of the columns; `own_targets` are the targets that stand among the features.
struct Roles {
  Rows targets, own_targets, ignored, categorical;

  Roles(const CsvTable& table, const CsvTable& target_table, const CsvOptions& options)
      : targets(find_columns(target_table, options.target, "target")),
        own_targets(options.target_path.empty() ? targets : Rows()),
        ignored(find_columns(table, options.ignore, "ignore")),
        categorical(find_columns(table, options.categorical, "categorical")) {
    for (const std::int64_t column : ignored) {
      if (is_in(own_targets, column)) throw ConfigError("/dataset/ignore", "holds a target");
      if (is_in(categorical, column)) {
        throw ConfigError("/dataset/ignore", "and \"categorical\" hold the same column");
      }
    }
    for (const std::int64_t column : own_targets) {
      if (options.task != "regression" || !is_in(categorical, column)) continue;
      throw ConfigError("/dataset/categorical", "holds a target, whose task is regression");
    }
    if (targets.empty()) throw ConfigError("/dataset/target", "names no column");
    if (static_cast<std::int64_t>(own_targets.size() + ignored.size()) == table.columns()) {
      throw ConfigError("/dataset/target", "there is no column left to predict it from");
    }
  }

  [[nodiscard]] bool is_feature(std::int64_t column) const {
    return !is_in(own_targets, column) && !is_in(ignored, column);
  }
  [[nodiscard]] ColumnKind feature_kind(std::int64_t column) const {
    return is_in(categorical, column) ? ColumnKind::Categorical : ColumnKind::Automatic;
  }
  [[nodiscard]] ColumnKind target_kind(std::int64_t column, const std::string& task) const {
    if (task == "classification" || task == "binary") return ColumnKind::Categorical;
    if (task == "regression" || targets.size() > 1) return ColumnKind::Numeric;
    return own_targets.empty() ? ColumnKind::Automatic : feature_kind(column);
  }

 private:
  static bool is_in(const Rows& list, std::int64_t column) {
    return std::find(list.begin(), list.end(), column) != list.end();
  }
};

std::shared_ptr<const CsvTable> read_target_file(const CsvTable& beside,
                                                 const CsvOptions& options) {
  CsvFormat format = options.format();
  format.names.clear();  // they are of the other file
  auto table = std::make_shared<CsvTable>(options.target_path, format);
  if (table->rows() == beside.rows()) return table;
  throw FileError(options.target_path + " has " + std::to_string(table->rows()) + " rows, " +
                  options.path + " " + std::to_string(beside.rows()) +
                  "; row by row they must belong together");
}

Table read_table(const CsvOptions& options) {
  const auto file = std::make_shared<CsvTable>(options.path, options.format());
  Table table{file, options.target_path.empty() ? file : read_target_file(*file, options)};
  const CsvTable& cells = *table.cells;
  const std::vector<std::string>& missing = options.missing_values;
  const Roles roles(cells, *table.target_cells, options);
  for (const std::int64_t column : roles.targets) {
    table.targets.push_back(
        read_column(*table.target_cells, column, roles.target_kind(column, options.task), missing));
  }
  for (std::int64_t column = 0; column < cells.columns(); ++column) {
    if (!roles.is_feature(column)) continue;
    table.features.push_back(read_column(cells, column, roles.feature_kind(column), missing));
  }
  return table;
}

// The test file's, in the columns of the training file.
Table read_table_like(const Table& like, const CsvOptions& options) {
  const auto file = std::make_shared<CsvTable>(options.test_path, options.format());
  Table table{file, file};
  if (table.cells->names() != like.cells->names()) {
    throw ConfigError("/dataset/test_path", options.test_path + " has other columns than " +
                                                options.path +
                                                "; they must have the same names and order");
  }
  const std::vector<std::string>& missing = options.missing_values;
  const auto read_all = [&](const std::vector<Column>& from, std::vector<Column>& to) {
    for (const Column& each : from) to.push_back(read_column_like(each, *table.cells, missing));
  };
  read_all(like.features, table.features);
  read_all(like.targets, table.targets);
  return table;
}

// Whether a row has all values that it needs, by what is to be done about missing ones.
bool is_whole(const Table& table, std::int64_t row, const std::string& missing) {
  bool whole = true;
  const auto check = [&](const CsvTable& cells, const std::vector<Column>& columns,
                         bool can_be_mean) {
    for (const Column& column : columns) {
      if (!column.is_missing(row) || (missing == "mean" && can_be_mean)) continue;
      if (missing != "drop") {
        throw FileError(cells.place(row, column.index) +
                        ": the value is missing; give it, or set \"missing\" to " +
                        (can_be_mean ? "\"mean\" or " : "") + "\"drop\"");
      }
      whole = false;
    }
  };
  check(*table.cells, table.features, true);
  check(*table.target_cells, table.targets, false);
  return whole;
}

// The rows that are used.
Rows whole_rows(const Table& table, const std::string& missing) {
  Rows rows;
  for (std::int64_t row = 0; row < table.cells->rows(); ++row) {
    if (is_whole(table, row, missing)) rows.push_back(row);
  }
  if (!rows.empty()) return rows;
  throw FileError(table.cells->path().string() +
                  ": no row has all its values; \"missing\": \"mean\" would keep those with a "
                  "target");
}

std::vector<std::int64_t> labels_of(const Table& table, const Rows& rows) {
  std::vector<std::int64_t> labels;
  for (const std::int64_t row : rows) {
    labels.push_back(
        static_cast<std::int64_t>(table.targets[0].values[static_cast<std::size_t>(row)]));
  }
  return labels;
}

Parts split(const Table& table, const Rows& rows, TargetKind kind, const CsvOptions& options) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  if (options.stratify && kind != TargetKind::Labels) {
    throw ConfigError("/dataset/stratify", "there are no classes; it is for classification");
  }
  Parts parts = options.stratify
                    ? split_stratified(labels_of(table, rows), table.targets[0].levels,
                                       options.test_ratio, seed)
                    : split_rows(static_cast<std::int64_t>(rows.size()), options.test_ratio, seed);
  for (Rows* part : {&parts.train, &parts.test}) {
    for (std::int64_t& each : *part) each = rows[static_cast<std::size_t>(each)];
  }
  return parts;
}

Tensor encode_targets(const Table& table, const Rows& rows, TargetKind kind) {
  if (kind == TargetKind::Labels) return tensor(labels_of(table, rows));
  std::vector<Column> columns = table.targets;
  for (Column& each : columns) each.is_categorical = false;  // of two levels: their numbers
  const std::vector<ColumnScale> as_they_are(columns.size());
  return encode_columns(*table.target_cells, columns, as_they_are, rows, false);
}

// What DataSource tells of targets that are no labels.
std::vector<TargetColumn> columns_of(const Table& table, TargetKind kind) {
  std::vector<TargetColumn> columns;
  if (kind == TargetKind::Labels) return columns;
  for (const Column& each : table.targets) {
    columns.push_back(
        {table.target_cells->names()[static_cast<std::size_t>(each.index)], each.levels});
  }
  return columns;
}

CsvEncoding encoding_of(const Table& table, std::vector<ColumnScale> scales,
                        const CsvOptions& options) {
  CsvEncoding encoding{.format = options.format(),
                       .names = table.cells->names(),
                       .features = table.features,
                       .scales = std::move(scales),
                       .missing_values = options.missing_values,
                       .fills_missing = options.missing == "mean",
                       .standardize = options.standardize};
  for (Column& each : encoding.features) each.values = {};
  if (table.target_cells != table.cells) return encoding;
  for (const Column& each : table.targets) encoding.targets.push_back(each.index);
  return encoding;
}

std::shared_ptr<DataSource> load(const CsvOptions& options) {
  const Table table = read_table(options);
  const TargetKind kind = kind_of(options, table.targets);
  check_targets(table, kind);
  Parts parts{whole_rows(table, options.missing), {}};
  Table test_table;
  if (options.test_path.empty()) {
    parts = split(table, parts.train, kind, options);
  } else {
    test_table = read_table_like(table, options);
    parts.test = whole_rows(test_table, options.missing);
  }
  std::vector<ColumnScale> scales;
  for (const Column& column : table.features) {
    scales.push_back(fit_column(*table.cells, column, parts.train, options.standardize));
  }
  const auto encode = [&](const Table& of, const Rows& rows) {
    return std::make_shared<TensorDataset>(
        encode_columns(*of.cells, of.features, scales, rows, options.standardize),
        encode_targets(of, rows, kind));
  };
  DataSource source;
  source.train = encode(table, parts.train);
  source.test = encode(options.test_path.empty() ? table : test_table, parts.test);
  source.input_shape = source.train->get(0).input.sizes();
  source.targets = kind;
  if (kind == TargetKind::Labels) source.classes = table.targets[0].levels;
  source.columns = columns_of(table, kind);
  source.reader = csv_reader(encoding_of(table, scales, options));
  source.outputs = static_cast<std::int64_t>(kind == TargetKind::Labels ? source.classes.size()
                                                                        : table.targets.size());
  return std::make_shared<DataSource>(std::move(source));
}

const bool kRegistered = datasets().add<CsvOptions>("csv", "a table of numbers and texts", load);

}  // namespace
}  // namespace gradus::data
