package glimt.training.motions;

import glimt.training.words.CaptionGrammar;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Captions that say how a subject moves, and the motion that each stands for.
 *
 * @param all the captions
 * @param motions the index of the motion of each
 */
record MotionCaptions(List<String> all, List<Integer> motions) {
  /** The fraction of captions that mention no motion. */
  private static final double UNSAID = 0.08;

  /** The fraction of captions that do not mention the background. */
  private static final double NO_COLOUR = 0.3;

  MotionCaptions {
    all = List.copyOf(all);
    motions = List.copyOf(motions);
  }

  /**
   * Draws captions of all subjects, colours and motions, in the words of training.
   *
   * @param usual the motion of captions that mention none
   * @param seed determines the captions
   */
  static MotionCaptions of(CaptionGrammar grammar, int usual, int count, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    List<String> all = new ArrayList<>();
    List<Integer> motions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int subject = random.nextInt(grammar.subjects().size());
      int colour = random.nextInt(grammar.colours().size());
      int motion = random.nextInt(grammar.motions().size());
      boolean said = random.nextDouble() >= UNSAID;
      boolean coloured = random.nextDouble() >= NO_COLOUR;
      all.add(
          grammar.caption(
              subject,
              coloured ? colour : CaptionGrammar.UNSAID,
              said ? motion : CaptionGrammar.UNSAID,
              random));
      motions.add(said ? motion : usual);
    }
    return new MotionCaptions(all, motions);
  }
}
