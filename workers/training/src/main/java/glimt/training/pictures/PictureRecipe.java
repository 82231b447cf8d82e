package glimt.training.pictures;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.words.CaptionGrammar;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The data settings of a recipe for pictures.
 *
 * @param grammar what can be seen, and how captions say it
 * @param others further sprites, from which only the autoencoder learns
 * @param captions the number of captions of a subject on a background that are encoded for training
 * @param moving the fraction of these captions that mention a motion; null for none
 * @param wordNoise the standard deviation of noise on the states of a caption's words in training,
 *     as a fraction of their root mean square, so that words near those of training are understood
 *     like them; null for none
 * @param poses the largest number of poses of a subject
 * @param classifier the training of the classifier for evaluations
 */
public record PictureRecipe(
    @JsonProperty(required = true) CaptionGrammar grammar,
    @JsonProperty(required = true) List<String> others,
    @JsonProperty(required = true) int captions,
    @Nullable Double moving,
    @Nullable Double wordNoise,
    @JsonProperty(required = true) int poses,
    @JsonProperty(required = true) ClassifierRecipe classifier) {
  public PictureRecipe {
    others = List.copyOf(others);
    if (moving != null && !(moving >= 0 && moving <= 1)) {
      throw new IllegalArgumentException("moving must be from 0 to 1, not " + moving);
    }
    if (wordNoise != null && !(wordNoise >= 0 && wordNoise <= 1)) {
      throw new IllegalArgumentException("wordNoise must be from 0 to 1, not " + wordNoise);
    }
    if (captions < 1 || poses < 1) {
      throw new IllegalArgumentException("captions and poses must be 1 or more");
    }
  }

  /** The heads of the classifier. */
  List<ClassifierHead> heads() {
    return List.of(new ClassifierHead("subjects", grammar.subjects().size()));
  }
}
