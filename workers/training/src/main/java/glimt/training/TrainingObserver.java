package glimt.training;

/** Receives the progress messages of a training. */
public interface TrainingObserver {

  /** Reports progress; the next progress line may replace this one. */
  void now(String line);

  /** Reports a completed part, a line to keep. */
  void done(String line);
}
