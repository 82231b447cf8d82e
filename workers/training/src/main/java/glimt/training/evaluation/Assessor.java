package glimt.training.evaluation;

import glimt.media.Picture;
import glimt.metrics.Figure;
import glimt.model.Level;
import glimt.training.recipe.Recipe.NetworkRecipe;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How the results of one dataset are judged: what is asked for, what a right answer is, what the
 * figures are. The {@link Evaluator} makes the results.
 *
 * @param <T> what a prompt wants
 * @param <A> what is found when a list of answers is judged; its text is one line for a person
 */
public interface Assessor<T, A> extends AutoCloseable {

  /** Prompts for the first level by itself; empty where it is not measured by itself. */
  Optional<Round<T>> first(int samples);

  /** Prompts for the last level, made from the first level up. */
  Round<T> whole(int samples);

  /** How many samples of a round keep all their levels. */
  int kept();

  /** What is judged of a sample of a level. */
  float[] seen(Level level, float[] sample);

  /** Judges samples made for a round. */
  A judge(Round<T> round, Samples<T> samples) throws InterruptedException;

  /** Judges real samples of the round's kind; null where there are none at hand. */
  @Nullable A real(Round<T> round);

  /**
   * Judges what a machine that only copies would answer; null where there is nothing to copy.
   *
   * @param made what was found of the round's samples
   */
  @Nullable A copied(Round<T> round, A made);

  /** Of the weights of an untrained network. */
  long untrainedSeed(NetworkRecipe network);

  /** The figures of a round. */
  List<Figure> figures(Round<T> round, Samples<T> made, Comparison<A> comparison)
      throws InterruptedException;

  /**
   * A level above the base against the plain enlargement of the level below, on real samples; empty
   * where there are none at hand.
   *
   * @param samples how many, at most
   */
  List<Figure> enlarged(Level level, int samples, SamplerPool<CascadeSampler> pool)
      throws InterruptedException;

  /**
   * What samples cost.
   *
   * @param fast the same made in few steps, to stand beside them
   */
  List<Figure> costs(Samples<T> made, @Nullable Samples<T> fast);

  /** Prompts of the contact sheet; empty to show the first samples of a round. */
  List<Prompt<T>> shown();

  /** A contact sheet of those samples that kept their levels. */
  Picture sheet(Samples<T> samples);

  /** Prompts whose answers are to be named blindly. */
  List<Prompt<T>> unnamed();

  /** Those answers as pictures. */
  Unnamed unnamed(Samples<T> samples);

  @Override
  void close();
}
