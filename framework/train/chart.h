// Charts: lines on two axes, in panels side by side, as SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gradus {

struct ChartLine {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< x and y, x ascending
  bool dashed = false;
};

struct ChartPanel {
  std::string title;
  std::string x_label;
  std::vector<ChartLine> lines;
};

/// Logarithmic: over whole powers of 4 (x) or 10 (y). Linear: from 0, or what is below it, over
/// whole multiples of a round number.
enum class ChartScale { Logarithmic, Linear };

struct ChartOptions {
  ChartScale scale = ChartScale::Logarithmic;  ///< of both axes
  double width = 250;                          ///< of a panel's axes
};

/// One picture of all panels; `y_label` stands at the first. Throws ValueError for a point that is
/// not finite or, on logarithmic axes, has no logarithm.
std::string draw_chart(const std::string& title, const std::string& y_label,
                       const std::vector<ChartPanel>& panels, const ChartOptions& options = {});

}  // namespace gradus
