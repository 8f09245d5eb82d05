using Microsoft.Extensions.Logging;

namespace Kist.Client.Logging;

/// <summary>
/// Masks values in the message, its parts, the exception and the scopes. What holds none is passed on untouched.
/// </summary>
internal sealed class RedactingLogger(ILogger inner) : ILogger
{
    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull =>
        Masked(state) is { } masked ? inner.BeginScope(masked) : inner.BeginScope(state);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!inner.IsEnabled(logLevel)) return;
        var message = formatter(state, exception);
        var clean = HandedOut.Shared.Mask(message);
        var values = Masked(state);
        var shown = MaskedException.Of(exception);
        if (ReferenceEquals(clean, message) && values is null && ReferenceEquals(shown, exception))
            inner.Log(logLevel, eventId, state, exception, formatter);
        else
            inner.Log(logLevel, eventId, values ?? new MaskedState([], clean), shown, (_, _) => clean);
    }

    /// <summary>The parts with values masked; null if there are none in them.</summary>
    private static MaskedState? Masked<TState>(TState state)
    {
        if (state is not IEnumerable<KeyValuePair<string, object?>> parts)
            return state?.ToString() is { } text && HandedOut.Shared.IsIn(text)
                ? new MaskedState([], HandedOut.Shared.Mask(text)) : null;
        List<KeyValuePair<string, object?>>? masked = null;
        var before = new List<KeyValuePair<string, object?>>();
        foreach (var part in parts)
        {
            var text = part.Value as string ?? part.Value?.ToString();
            if (text is not null && HandedOut.Shared.IsIn(text))
            {
                masked ??= before;
                masked.Add(new(part.Key, HandedOut.Shared.Mask(text)));
            }
            else before.Add(part);
        }
        var whole = state.ToString() ?? "";
        return masked is null && !HandedOut.Shared.IsIn(whole) ? null
            : new MaskedState(before, HandedOut.Shared.Mask(whole));
    }
}

/// <summary>The parts of a message as providers read them, and the message as text.</summary>
internal sealed class MaskedState(List<KeyValuePair<string, object?>> parts, string text)
    : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => parts.Count;

    public KeyValuePair<string, object?> this[int index] => parts[index];

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => parts.GetEnumerator();

    public override string ToString() => text;

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => parts.GetEnumerator();
}

/// <summary>Stands for an exception whose text holds a value.</summary>
internal sealed class MaskedException : Exception
{
    private readonly string _text;

    private MaskedException(string message, string text) : base(message) => _text = text;

    /// <summary>The exception itself if nothing in it needs masking.</summary>
    public static Exception? Of(Exception? exception)
    {
        if (exception is null) return null;
        var text = exception.ToString();
        return HandedOut.Shared.IsIn(text) || HandedOut.Shared.IsIn(exception.Message)
            ? new MaskedException(HandedOut.Shared.Mask(exception.Message), HandedOut.Shared.Mask(text)) : exception;
    }

    public override string ToString() => _text;
}
