package glimt.training.objects;

import glimt.metrics.Figure;
import glimt.points.Colour;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.Comparison;
import glimt.training.evaluation.Prompt;
import glimt.training.evaluation.Samples;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Measures how often the colour of a prompt is the most frequent colour of the cloud, for
 * combinations of classes and colours. A copying baseline is limited to the colours of real objects
 * of a class.
 *
 * @param most the approximate number of combinations
 * @param watch receives progress messages
 */
record PromptedColours(Candidate candidate, ObjectRecipe recipe, int most, Consumer<String> watch) {

  /** The figure, compared with untrained networks and copies. */
  Figure figure(RealObjects real, Comparison<Measured> comparison) throws InterruptedException {
    List<Colour> wanted = new ArrayList<>();
    List<Prompt<Integer>> prompts = new ArrayList<>();
    int copied = 0;
    int classes = recipe.words().classes().size();
    List<Colour> colours = List.of(Colour.values());
    int pairs = colours.size() * classes;
    for (int pair = 0; pair < pairs; pair += Math.max(1, pairs / most)) {
      Colour colour = colours.get(pair / classes);
      int ofClass = pair % classes;
      String text = colour.word() + " " + recipe.words().classes().get(ofClass).name();
      prompts.add(new Prompt<>(text, pair, ofClass));
      wanted.add(colour);
      copied += real.has(ofClass, colour) ? 1 : 0;
    }
    watch.accept("%s clouds of every class in every colour".formatted(prompts.size()));
    List<float[]> made =
        Samples.whole(candidate, prompts, 0, all -> recipe.open(all.getLast()), watch).seen();
    Measured untrained = comparison.other(Comparison.UNTRAINED);
    int right = 0;
    int chance = 0;
    for (int i = 0; i < made.size(); i++) {
      right += Colour.dominant(made.get(i)).colour() == wanted.get(i) ? 1 : 0;
      if (untrained != null) {
        float[] noise = untrained.specimens().get(i % untrained.specimens().size()).dense();
        chance += Colour.dominant(noise).colour() == wanted.get(i) ? 1 : 0;
      }
    }
    double all = made.size();
    return Figure.of("colour word dominant", right / all)
        .beside(Comparison.UNTRAINED, chance / all)
        .beside(Comparison.COPIED, copied / all);
  }
}
