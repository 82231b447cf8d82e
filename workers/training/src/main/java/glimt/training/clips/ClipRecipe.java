package glimt.training.clips;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import java.util.List;

/**
 * What the recipe of clips says of its data.
 *
 * @param grammar what a scene can be, and how it is said
 * @param classifier how the network is trained that names what results show
 */
public record ClipRecipe(
    @JsonProperty(required = true) Grammar grammar,
    @JsonProperty(required = true) ClassifierRecipe classifier) {
  /** What the classifier decides. */
  List<ClassifierHead> heads() {
    return List.of(
        new ClassifierHead("subjects", grammar.subjects().size()),
        new ClassifierHead("motions", grammar.motions().size()),
        new ClassifierHead("colours", grammar.colours().size()));
  }
}
