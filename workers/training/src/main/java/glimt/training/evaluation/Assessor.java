package glimt.training.evaluation;

import glimt.media.Picture;
import glimt.metrics.Figure;
import glimt.model.Level;
import glimt.training.recipe.Recipe.NetworkRecipe;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Assesses the results for one dataset: defines the prompts, the criteria and the figures. The
 * {@link Evaluator} generates the results.
 *
 * @param <T> the expected content of a prompt
 * @param <A> the assessment of a list of samples; its string form is one line
 */
public interface Assessor<T, A> extends AutoCloseable {

  /** The prompts for the first level alone; empty if it cannot be measured alone. */
  Optional<Round<T>> first(int samples);

  /** The prompts for complete samples of all levels. */
  Round<T> whole(int samples);

  /** The number of samples of a round that keep all their levels. */
  int kept();

  /** Reduces a sample of a level to the data that is assessed. */
  float[] seen(Level level, float[] sample);

  /** Reduces the samples of all levels, from the base up, to the data that is assessed. */
  default float[] seen(List<Level> levels, List<float[]> samples) {
    return seen(levels.getLast(), samples.getLast());
  }

  /** Assesses the samples of a round. */
  A judge(Round<T> round, Samples<T> samples) throws InterruptedException;

  /** Assesses real samples for a round; null if they are not available. */
  @Nullable A real(Round<T> round);

  /**
   * Assesses a baseline that only copies training data; null if the data is not available.
   *
   * @param made the assessment of the round's samples
   */
  @Nullable A copied(Round<T> round, A made);

  /** The seed of the weights of an untrained network. */
  long untrainedSeed(NetworkRecipe network);

  /** The figures of a round. */
  List<Figure> figures(Round<T> round, Samples<T> made, Comparison<A> comparison)
      throws InterruptedException;

  /**
   * Compares an upper level with the plain enlargement of the level below on real samples; empty if
   * they are not available.
   *
   * @param samples the largest number of samples
   * @param pool the samplers to use
   */
  List<Figure> enlarged(Level level, int samples, SamplerPool<CascadeSampler> pool)
      throws InterruptedException;

  /**
   * The figures of the cost of samples.
   *
   * @param fast the samples of the fast networks for comparison, or null
   */
  List<Figure> costs(Samples<T> made, @Nullable Samples<T> fast);

  /** The prompts of the contact sheet; empty to show the first samples of a round. */
  List<Prompt<T>> shown();

  /** Draws a contact sheet of the samples that keep their levels. */
  Picture sheet(Samples<T> samples);

  /** The prompts of the blind naming test. */
  List<Prompt<T>> unnamed();

  /** The samples of the blind naming test as pictures. */
  Unnamed unnamed(Samples<T> samples);

  @Override
  void close();
}
