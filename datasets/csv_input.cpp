#include "datasets/csv_input.h"
#include "framework/nn/options.h"

#include <algorithm>
#include <numeric>

namespace gradus::data {
namespace {

class CsvReader : public InputReader {
 public:
  explicit CsvReader(CsvEncoding encoding) : encoding_(std::move(encoding)) {}

  [[nodiscard]] Tensor read(const std::filesystem::path& path) const override {
    CsvFormat format = encoding_.format;
    format.names = {};  // of a file without a header, which may lack the targets
    const CsvTable table(path, format);
    const std::vector<std::int64_t> places = format.header ? by_name(table) : by_number(table);
    std::vector<Column> columns;
    for (std::size_t i = 0; i < places.size(); ++i) {
      Column like = encoding_.features[i];
      like.index = places[i];
      columns.push_back(read_column_like(like, table, encoding_.missing_values));
      if (!encoding_.fills_missing) check_complete(table, columns.back());
    }
    std::vector<std::int64_t> rows(static_cast<std::size_t>(table.rows()));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    return encode_columns(table, columns, encoding_.scales, rows, encoding_.standardize);
  }

 private:
  [[nodiscard]] const std::string& name(const Column& feature) const {
    return encoding_.names[static_cast<std::size_t>(feature.index)];
  }

  // Where the features stand in the file.
  [[nodiscard]] std::vector<std::int64_t> by_name(const CsvTable& table) const {
    std::vector<std::int64_t> places;
    std::vector<std::string> missing;
    std::vector<std::string> others = table.names();
    for (const Column& feature : encoding_.features) {
      const auto found = std::find(table.names().begin(), table.names().end(), name(feature));
      if (found == table.names().end()) {
        missing.push_back(name(feature));
      } else {
        places.push_back(found - table.names().begin());
        others.erase(std::find(others.begin(), others.end(), *found));
      }
    }
    if (missing.empty()) return places;
    std::string list;
    for (const std::string& each : missing) {
      list += (list.empty() ? "\"" : ", \"") + each + "\"" + suggest(each, others);
    }
    throw FileError(table.path().string() + ": has no column " + list +
                    "; the model was trained on " + std::to_string(encoding_.features.size()) +
                    " columns, which must all be there");
  }

  [[nodiscard]] std::vector<std::int64_t> by_number(const CsvTable& table) const {
    const std::int64_t all = std::ssize(encoding_.names);
    const std::int64_t targets = std::ssize(encoding_.targets);
    const bool without_targets = table.columns() == all - targets;
    if (!without_targets && table.columns() != all) {
      throw FileError(table.path().string() + ": has " + std::to_string(table.columns()) +
                      " columns, expected " + std::to_string(all) +
                      (targets == 0 ? ""
                                    : ", or " + std::to_string(all - targets) +
                                          " without what is to be predicted"));
    }
    std::vector<std::int64_t> places;
    for (const Column& feature : encoding_.features) {
      const auto before =
          std::count_if(encoding_.targets.begin(), encoding_.targets.end(),
                        [&](std::int64_t target) { return target < feature.index; });
      places.push_back(feature.index - (without_targets ? before : 0));
    }
    return places;
  }

  static void check_complete(const CsvTable& table, const Column& column) {
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      if (!column.is_missing(row)) continue;
      throw FileError(table.place(row, column.index) +
                      ": the value is missing; give it, or train with \"missing\": \"mean\"");
    }
  }

  CsvEncoding encoding_;
};

}  // namespace

std::shared_ptr<const InputReader> csv_reader(CsvEncoding encoding) {
  return std::make_shared<CsvReader>(std::move(encoding));
}

}  // namespace gradus::data
