package glimt.training.objects;

import glimt.metrics.Figure;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.Prompt;
import glimt.training.evaluation.Samples;
import glimt.training.words.CaptionGrammar;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * Measures how often a cloud is of its prompt's class if the prompt has a phrasing, and half of the
 * time a name, that no caption of training had.
 *
 * @param judge tells the class of a cloud
 * @param watch receives progress messages
 */
record HeldOutNames(
    Candidate candidate, ObjectRecipe recipe, ObjectJudge judge, Consumer<String> watch) {
  private static final int EACH = 2;
  private static final long SEED = 31;

  /** The figure, of {@value #EACH} prompts for each class. */
  Figure figure() throws InterruptedException {
    CaptionGrammar grammar = recipe.words().grammar();
    RandomGenerator random = ObjectClouds.random(SEED);
    List<Prompt<Integer>> prompts = new ArrayList<>();
    for (int i = 0; i < EACH * recipe.words().classes().size(); i++) {
      int ofClass = i / EACH;
      String text =
          grammar.heldOutCaption(ofClass, CaptionGrammar.UNSAID, CaptionGrammar.UNSAID, random);
      prompts.add(new Prompt<>(text, i, ofClass));
    }
    watch.accept("%s clouds in held-out words".formatted(prompts.size()));
    List<float[]> made =
        Samples.whole(candidate, prompts, 0, all -> recipe.open(all.getLast()), watch).seen();
    List<Specimen> specimens = new ArrayList<>();
    for (int i = 0; i < made.size(); i++) {
      Prompt<Integer> prompt = prompts.get(i);
      specimens.add(Specimen.of(prompt.text(), prompt.wanted(), made.get(i)));
    }
    return Figure.of("class top-1, in phrasings and words held out", judge.right(specimens));
  }
}
