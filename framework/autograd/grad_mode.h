// What this thread records of the graph.
#pragma once

namespace gradus {

/// Recording is on at first, for every thread on its own.
class GradMode {
 public:
  static bool is_enabled() { return enabled_; }
  static void set_enabled(bool enabled) { enabled_ = enabled; }

 private:
  static constinit thread_local bool enabled_;
};

/// Sets the mode for a scope.
class GradModeGuard {
 public:
  explicit GradModeGuard(bool enabled) : before_(GradMode::is_enabled()) {
    GradMode::set_enabled(enabled);
  }
  ~GradModeGuard() { GradMode::set_enabled(before_); }
  GradModeGuard(const GradModeGuard&) = delete;
  GradModeGuard& operator=(const GradModeGuard&) = delete;

 private:
  bool before_;
};

/// Nothing in this scope is recorded: for evaluation, and for changing weights by hand.
class NoGradGuard : public GradModeGuard {
 public:
  NoGradGuard() : GradModeGuard(false) {}
};

/// Whether recorded ops keep their results and constants, for pictures of the graph (graph.h).
class KeepValues {
 public:
  static bool is_enabled() { return enabled_; }
  static void set_enabled(bool enabled) { enabled_ = enabled; }

 private:
  static constinit thread_local bool enabled_;
};

/// Every op recorded in this scope keeps its result and its constant inputs, for as long as its
/// node lives: the graph can then be shown with all values.
class KeepValuesGuard {
 public:
  KeepValuesGuard() : before_(KeepValues::is_enabled()) { KeepValues::set_enabled(true); }
  ~KeepValuesGuard() { KeepValues::set_enabled(before_); }
  KeepValuesGuard(const KeepValuesGuard&) = delete;
  KeepValuesGuard& operator=(const KeepValuesGuard&) = delete;

 private:
  bool before_;
};

}  // namespace gradus
