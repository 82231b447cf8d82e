package glimt.pipeline;

import glimt.pipeline.Lexicon.LexiconName;
import glimt.pipeline.Lexicon.Meanings;
import glimt.pipeline.Lexicon.NameKind;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The words of one prompt, and which of them name what. Names that a lexicon has are found first,
 * the longest before others; then phrases with unknown words are compared by meaning with all names
 * of the kinds that are still missing, and the nearest pair is taken first.
 */
final class PromptWords {
  /** The most words of a prompt that are looked at; each costs up to 16 short texts to encode. */
  private static final int LIMIT = 48;

  /**
   * What every further word of a phrase adds to its cosine, so that whole phrases are preferred.
   */
  private static final double WHOLE = 0.06;

  /** How much nearer a phrase without unknown words has to be. */
  private static final double OLD_WORDS = 0.15;

  /** A name counts if a word that names nothing is nearer by no more than this. */
  private static final double TIE = 0.02;

  private static final Pattern ARTICLE = Pattern.compile("^an? ");
  private static final Pattern VOWEL = Pattern.compile("^[aeiou]");
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+|[^\\s\\p{L}\\p{N}]");

  /** Words of a prompt, from one up to before another. */
  private record WordRun(int from, int to, String text, boolean unknown) {
    int length() {
      return to - from;
    }
  }

  /** A phrase that may mean a name. */
  private record Guess(NameKind kind, WordRun phrase, LexiconName entry, double nearness) {}

  /** A known name in the prompt. */
  private record FoundName(WordRun words, LexiconName entry) {}

  private final Lexicon lexicon;
  private final String prompt;
  private final List<String> words;
  private final BitSet used = new BitSet();
  private final Map<NameKind, String> said = new HashMap<>();
  private final Map<NameKind, FoundName> found = new HashMap<>();
  private final List<Guess> guessed = new ArrayList<>();

  PromptWords(Lexicon lexicon, String prompt) {
    this.lexicon = lexicon;
    this.prompt = prompt;
    List<String> all = of(prompt);
    this.words = all.subList(0, Math.min(all.size(), LIMIT));
  }

  /** The words of a text in lower case; other characters than letters and digits stand alone. */
  static List<String> of(String text) {
    return WORD.matcher(text.toLowerCase(Locale.ROOT))
        .results()
        .map(found -> found.group())
        .toList();
  }

  Understood read(Meanings meanings) {
    if (IntStream.range(0, words.size()).noneMatch(this::unknown)) {
      return Understood.asItIs(prompt);
    }
    lexicon.distractors().forEach(this::skip);
    while (findName()) {
      // each name is found once
    }
    found.forEach((kind, name) -> modifier(kind, name.words.from));
    guess(meanings);
    return understood();
  }

  private boolean word(int i) {
    return Character.isLetter(words.get(i).codePointAt(0));
  }

  /** Whether the encoder may know a word: all letters of other scripts are one token to it. */
  private boolean latin(int i) {
    return word(i)
        && Character.UnicodeScript.of(words.get(i).codePointAt(0)) == Character.UnicodeScript.LATIN;
  }

  private boolean unknown(int i) {
    return word(i) && !lexicon.knows(words.get(i));
  }

  // ---- names that are known

  private void skip(List<String> name) {
    for (int at = place(name); at >= 0; at = place(name)) {
      used.set(at, at + name.size());
    }
  }

  /** Finds the longest known name of a kind that is still missing. */
  private boolean findName() {
    NameKind kind = null;
    LexiconName entry = null;
    int from = 0;
    int length = 0;
    for (NameKind missing : missing()) {
      for (LexiconName candidate : lexicon.entries(missing)) {
        List<String> name = of(candidate.name());
        int at = name.size() > length ? place(name) : -1;
        if (at >= 0) {
          kind = missing;
          entry = candidate;
          from = at;
          length = name.size();
        }
      }
    }
    if (kind == null || entry == null) {
      return false;
    }
    FoundName name = new FoundName(run(from, from + length), entry);
    for (Optional<FoundName> next = Optional.of(name); next.isPresent(); ) {
      name = next.get();
      next = kind.isCompound() ? after(kind, name) : Optional.empty();
    }
    said.put(kind, name.entry.said());
    used.set(name.words.from, name.words.to);
    found.put(kind, name);
    return true;
  }

  /** The word before a colour belongs to it, as in "navy blue". */
  private void modifier(NameKind kind, int place) {
    int before = place - 1;
    if (kind.modified() && before >= 0 && word(before) && !lexicon.small(words.get(before))) {
      used.set(before);
    }
  }

  /** The name that follows another one directly says what is meant, as in "stone pillar". */
  private Optional<FoundName> after(NameKind kind, FoundName name) {
    int from = name.words.to;
    return lexicon.entries(kind).stream()
        .filter(entry -> stands(of(entry.name()), from))
        .max(Comparator.comparingInt(entry -> of(entry.name()).size()))
        .map(entry -> new FoundName(run(name.words.from, from + of(entry.name()).size()), entry));
  }

  private int place(List<String> name) {
    return IntStream.range(0, words.size()).filter(at -> stands(name, at)).findFirst().orElse(-1);
  }

  private boolean stands(List<String> name, int at) {
    int to = at + name.size();
    return to <= words.size() && words.subList(at, to).equals(name) && used.get(at, to).isEmpty();
  }

  private List<NameKind> missing() {
    return lexicon.kinds().stream().filter(kind -> !said.containsKey(kind)).toList();
  }

  // ---- names by their meaning

  private void guess(Meanings meanings) {
    List<Guess> guesses = new ArrayList<>();
    for (NameKind kind : missing()) {
      List<WordRun> phrases = phrases(kind);
      if (!phrases.isEmpty()) {
        List<float[]> vectors = meanings.of(kind, phrases.stream().map(WordRun::text).toList());
        for (int i = 0; i < phrases.size(); i++) {
          nearest(kind, phrases.get(i), vectors.get(i)).ifPresent(guesses::add);
        }
      }
    }
    guesses.sort(Comparator.comparingDouble(Guess::nearness).reversed());
    for (Guess guess : guesses) {
      WordRun phrase = guess.phrase;
      if (!said.containsKey(guess.kind) && used.get(phrase.from, phrase.to).isEmpty()) {
        said.put(guess.kind, guess.entry.said());
        used.set(phrase.from, phrase.to);
        guessed.add(guess);
      }
    }
  }

  private WordRun run(int from, int to) {
    boolean unknown = IntStream.range(from, to).anyMatch(this::unknown);
    return new WordRun(from, to, String.join(" ", words.subList(from, to)), unknown);
  }

  private List<WordRun> phrases(NameKind kind) {
    List<WordRun> phrases = new ArrayList<>();
    for (int from = 0; from < words.size(); from++) {
      for (int to = from + 1; to <= Math.min(words.size(), from + kind.longest()); to++) {
        if (used.get(to - 1) || !latin(to - 1)) {
          break;
        }
        WordRun run = run(from, to);
        boolean whole =
            kind.oldWords()
                ? !lexicon.small(words.get(from)) && !lexicon.small(words.get(to - 1))
                : words.subList(from, to).stream().noneMatch(lexicon::small);
        if (whole && (run.unknown || kind.oldWords())) {
          phrases.add(run);
        }
      }
    }
    return phrases;
  }

  private Optional<Guess> nearest(NameKind kind, WordRun phrase, float[] meaning) {
    LexiconName nearest = null;
    double cosine = -1;
    List<float[]> meant = lexicon.meant(kind);
    for (int i = 0; i < meant.size(); i++) {
      double dot = Lexicon.dot(meant.get(i), meaning);
      if (dot > cosine) {
        nearest = lexicon.entries(kind).get(i);
        cosine = dot;
      }
    }
    double nearness = cosine - (phrase.unknown ? 0 : OLD_WORDS);
    boolean names = phrase.length() > 1 || lexicon.nearestOther(kind, meaning) <= cosine + TIE;
    return nearest != null && names && nearness >= kind.least()
        ? Optional.of(new Guess(kind, phrase, nearest, nearness + WHOLE * (phrase.length() - 1)))
        : Optional.empty();
  }

  // ---- the result

  private String sentence() {
    List<NameKind> named = lexicon.kinds().stream().filter(said::containsKey).toList();
    String adjectives = joined(named.stream().filter(NameKind::isAdjective));
    String others = joined(named.stream().filter(kind -> !kind.isAdjective()));
    if (adjectives.isEmpty()) {
      return others;
    }
    Matcher article = ARTICLE.matcher(others);
    return article.find()
        ? "%s %s %s"
            .formatted(
                VOWEL.matcher(adjectives).find() ? "an" : "a",
                adjectives,
                others.substring(article.end()))
        : adjectives + " " + others;
  }

  private String joined(Stream<NameKind> kinds) {
    return kinds.map(said::get).collect(Collectors.joining(" "));
  }

  private Understood understood() {
    List<String> notes = new ArrayList<>();
    boolean whole = said.containsKey(lexicon.kinds().getFirst());
    String text = whole ? sentence() : prompt;
    if (whole) {
      String pairs =
          guessed.stream()
              .sorted(Comparator.comparingInt(guess -> guess.phrase.from))
              .map(guess -> "\"%s\" as \"%s\"".formatted(guess.phrase.text, guess.entry.name()))
              .collect(Collectors.joining(", "));
      notes.add(
          "the prompt has words that no caption of training had, so it was read as \"%s\"%s"
              .formatted(text, pairs.isEmpty() ? "" : ": " + pairs));
    }
    List<String> lost =
        IntStream.range(0, words.size())
            .filter(i -> unknown(i) && !used.get(i))
            .mapToObj(words::get)
            .distinct()
            .map("\"%s\""::formatted)
            .toList();
    if (!lost.isEmpty()) {
      notes.add(
          (whole
                  ? "no name that the model knows is near %s, so it has no effect"
                  : "no name that the model knows is near %s; the prompt is read as it is")
              .formatted(String.join(", ", lost)));
    }
    return new Understood(text, notes);
  }
}
