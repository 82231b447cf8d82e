package glimt.training.objects;

import glimt.pipeline.Lexicon.NameKind;
import glimt.pipeline.Lexicon.NameList;
import glimt.pipeline.Lexicon.NamedThing;
import glimt.training.objects.ObjectWords.ObjectClass;
import glimt.training.objects.ObjectWords.ObjectKind;
import glimt.training.words.CaptionGrammar;
import glimt.training.words.CaptionGrammar.ColourName;
import glimt.training.words.CaptionLexicon;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The lexicon of the bundle {@code objects}: "a red crystal", not "a crystal on red". */
final class ObjectLexicon {
  /** What is said of clouds, and is none of the objects. */
  private static final List<String> OTHERS =
      List.of("point cloud", "point clouds", "points", "object", "colour", "color", "colored");

  private ObjectLexicon() {}

  /** The names of all objects, colours and states, without those that are held out. */
  static NameList of(ObjectWords words) {
    CaptionGrammar grammar = words.grammar();
    List<NamedThing> objects = new ArrayList<>();
    for (ObjectClass one : words.classes()) {
      objects.add(thing(grammar.withArticle(one.name()), one.name(), one.synonyms(), one.read()));
    }
    for (ObjectKind kind : words.kinds()) {
      objects.add(
          thing(grammar.withArticle(kind.word()), kind.word(), kind.synonyms(), kind.read()));
    }
    List<NamedThing> colours = new ArrayList<>();
    for (ColourName colour : words.colours()) {
      colours.add(thing(colour.word(), colour.word(), colour.synonyms(), colour.read()));
    }
    List<NamedThing> states =
        words.states().values().stream()
            .map(state -> thing(state, state, List.of(), null))
            .toList();
    List<String> ofColours = List.of("%s", "a %s", "the colour %s");
    return CaptionLexicon.of(
        List.of(
            new NameKind("object", List.of("a %s"), 0.6, 3, false, false, true, null, objects),
            new NameKind("colour", ofColours, 0.6, 2, false, true, null, true, colours),
            new NameKind("state", List.of("%s"), 0.6, 1, false, false, null, true, states)),
        words.phrasings(),
        OTHERS);
  }

  private static NamedThing thing(
      String said, String word, List<String> synonyms, @Nullable List<String> read) {
    return new NamedThing(
        said,
        Stream.concat(Stream.of(word), synonyms.stream()).toList(),
        Objects.requireNonNullElse(read, List.of()));
  }
}
