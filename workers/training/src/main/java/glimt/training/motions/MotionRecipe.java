package glimt.training.motions;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.pictures.PictureRecipe;
import glimt.training.words.CaptionGrammar;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The data settings of a recipe for moving pictures.
 *
 * @param pictures those of its pictures
 * @param captions the number of captions with a motion that are encoded for training
 * @param unsaid the motion of captions that mention none
 * @param classifier the training of the classifier for evaluations
 */
public record MotionRecipe(
    @JsonProperty(required = true) PictureRecipe pictures,
    @JsonProperty(required = true) int captions,
    @JsonProperty(required = true) String unsaid,
    @JsonProperty(required = true) ClassifierRecipe classifier) {
  public MotionRecipe {
    if (captions < 1) {
      throw new IllegalArgumentException("captions must be 1 or more");
    }
  }

  CaptionGrammar grammar() {
    return pictures.grammar();
  }

  /**
   * The index of the motion of captions that mention none.
   *
   * @throws IllegalArgumentException if the grammar has no such motion
   */
  int usual() {
    return IntStream.range(0, grammar().motions().size())
        .filter(i -> grammar().motions().get(i).word().equals(unsaid))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("there is no motion " + unsaid));
  }

  /** The heads of the classifier. */
  List<ClassifierHead> heads() {
    return List.of(new ClassifierHead("subjects", grammar().subjects().size()));
  }
}
