package glimt.training.clips;

import glimt.training.clips.ClipJudge.Recognised;
import glimt.training.evaluation.Prompt;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Which clips show what their prompts describe.
 *
 * @param right the result for each clip
 */
record PromptAdherence(List<Right> right) {
  /**
   * The result for a clip.
   *
   * @param motion the index in the grammar of the prompt's motion
   * @param colour whether the colour is right
   * @param moves whether the motion is right
   * @param subject whether the subject is right
   */
  record Right(int motion, boolean colour, boolean moves, boolean subject) {
    boolean all() {
      return colour && moves && subject;
    }
  }

  PromptAdherence {
    right = List.copyOf(right);
  }

  static PromptAdherence of(List<Prompt<Scene>> asked, List<Recognised> found) {
    if (asked.size() != found.size()) {
      throw new IllegalArgumentException(
          "the number of clips, %s, differs from the number of prompts, %s"
              .formatted(found.size(), asked.size()));
    }
    return new PromptAdherence(
        IntStream.range(0, asked.size())
            .mapToObj(
                i -> {
                  Scene wanted = asked.get(i).wanted();
                  Recognised shown = found.get(i);
                  return new Right(
                      wanted.motion(),
                      shown.colour() == wanted.colour(),
                      shown.motion() == wanted.motion(),
                      shown.subject() == wanted.subject());
                })
            .toList());
  }

  double colour() {
    return share(right, Right::colour);
  }

  double motion() {
    return share(right, Right::moves);
  }

  /** The fraction of right motions among the clips whose prompt has this motion. */
  double motion(int number) {
    return share(right.stream().filter(one -> one.motion == number).toList(), Right::moves);
  }

  double subject() {
    return share(right, Right::subject);
  }

  double all() {
    return share(right, Right::all);
  }

  private static double share(List<Right> of, Predicate<Right> what) {
    return of.isEmpty() ? Double.NaN : (double) of.stream().filter(what).count() / of.size();
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s clips: colour %.1f %%, motion %.1f %%, subject %.1f %%, all three %.1f %%",
        right.size(),
        100 * colour(),
        100 * motion(),
        100 * subject(),
        100 * all());
  }
}
