package glimt.training.words;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * A fixed number of captions for every subject on every background, and as many that leave the
 * background out, so that they can all be encoded before training.
 */
public final class PictureCaptions {
  private final int colours;
  private final int each;
  private final List<String> captions;

  private PictureCaptions(int colours, int each, List<String> captions) {
    this.colours = colours;
    this.each = each;
    this.captions = List.copyOf(captions);
  }

  /**
   * Draws captions.
   *
   * @param each the number of captions of a subject on a background
   * @param moving the fraction of captions that mention a motion, for pictures that are the first
   *     of a clip
   * @param seed determines the captions
   */
  public static PictureCaptions of(CaptionGrammar grammar, int each, double moving, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    int colours = grammar.colours().size();
    List<String> captions = new ArrayList<>();
    for (int subject = 0; subject < grammar.subjects().size(); subject++) {
      for (int colour = CaptionGrammar.UNSAID; colour < colours; colour++) {
        for (int i = 0; i < each; i++) {
          boolean moves = moving > 0 && random.nextDouble() < moving;
          int motion = moves ? random.nextInt(grammar.motions().size()) : CaptionGrammar.UNSAID;
          captions.add(grammar.caption(subject, colour, motion, random));
        }
      }
    }
    return new PictureCaptions(colours, each, captions);
  }

  /** All captions; their places in this list are what {@link #draw} answers. */
  public List<String> all() {
    return captions;
  }

  /**
   * Draws one of the captions of a picture.
   *
   * @param colour the background, or {@link CaptionGrammar#UNSAID} for a caption that leaves it out
   */
  public int draw(int subject, int colour, RandomGenerator random) {
    return (subject * (colours + 1) + colour + 1) * each + random.nextInt(each);
  }
}
