package glimt.training.learning;

import java.util.Map;

/**
 * Evaluates the arithmetic expressions in a source's comments: numbers, names, {@code + - * / ( )}
 * and {@code sqrt}.
 */
final class Expression {
  private final String text;
  private final Map<String, Double> names;
  private int at;

  private Expression(String text, Map<String, Double> names) {
    this.text = text.replace(" ", "");
    this.names = names;
  }

  static double value(String text, Map<String, Double> names) {
    Expression expression = new Expression(text, names);
    double value = expression.sum();
    if (expression.at != expression.text.length()) {
      throw expression.wrong();
    }
    return value;
  }

  private double sum() {
    double value = product();
    while (true) {
      if (accept('+')) {
        value += product();
      } else if (accept('-')) {
        value -= product();
      } else {
        return value;
      }
    }
  }

  private double product() {
    double value = factor();
    while (true) {
      if (accept('*')) {
        value *= factor();
      } else if (accept('/')) {
        value /= factor();
      } else {
        return value;
      }
    }
  }

  private double factor() {
    if (accept('(')) {
      double value = sum();
      if (!accept(')')) {
        throw wrong();
      }
      return value;
    }
    int start = at;
    while (at < text.length()
        && (Character.isLetterOrDigit(text.charAt(at)) || "._".indexOf(text.charAt(at)) >= 0)) {
      at++;
    }
    String word = text.substring(start, at);
    if (word.equals("sqrt")) {
      return Math.sqrt(factor());
    }
    Double known = names.get(word);
    if (known != null) {
      return known;
    }
    try {
      return Double.parseDouble(word);
    } catch (NumberFormatException _) {
      throw wrong();
    }
  }

  private boolean accept(char symbol) {
    if (at < text.length() && text.charAt(at) == symbol) {
      at++;
      return true;
    }
    return false;
  }

  private IllegalArgumentException wrong() {
    return new IllegalArgumentException(
        "cannot evaluate '%s' at position %s; the known sizes are %s"
            .formatted(text, at, names.keySet()));
  }
}
