// How this thread runs ops: what it records of the graph, and in which precision.
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

/// Whether ops run in mixed precision; AutocastGuard (ops/autocast.h) turns it on. Off at first and
/// in backward passes, which keep to the dtypes of the forward one.
class Autocast {
 public:
  static bool is_enabled() { return enabled_; }
  static void set_enabled(bool enabled) { enabled_ = enabled; }

 private:
  static constinit thread_local bool enabled_;
};

/// Sets it for a scope, whatever the CPU has.
class AutocastScope {
 public:
  explicit AutocastScope(bool enabled) : before_(Autocast::is_enabled()) {
    Autocast::set_enabled(enabled);
  }
  ~AutocastScope() { Autocast::set_enabled(before_); }
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  bool before_;
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
