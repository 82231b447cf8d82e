package glimt.training;

/** Sees a training go on. */
public interface TrainingObserver {

  /** How far it is; the next such line takes the place of this one. */
  void now(String line);

  /** Something that will stay true. */
  void done(String line);
}
