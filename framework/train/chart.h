// Charts of costs: lines on two logarithmic axes, side by side, as SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gradus {

struct ChartLine {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< x and y, both above 0, x ascending
  bool dashed = false;
};

struct ChartPanel {
  std::string title;
  std::string x_label;
  std::vector<ChartLine> lines;
};

/// One picture of all panels; `y_label` stands at the first. Throws ValueError for a point that has
/// no logarithm.
std::string draw_chart(const std::string& title, const std::string& y_label,
                       const std::vector<ChartPanel>& panels);

}  // namespace gradus
