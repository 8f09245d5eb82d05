using System.Buffers;
using System.Text;

namespace Kist.Client.Events;

/// <summary>One message of a stream of server-sent events; empty texts: not there.</summary>
internal readonly record struct ServerEvent(string Id, string Type, string Data);

/// <summary>
/// Cuts bytes into server-sent events (WHATWG HTML, section 9.2), whatever pieces they come in. A message that is too
/// long is an <see cref="InvalidDataException"/>. Unlike the framework's parser it also gives messages that are nothing
/// but an id: with those the server moves the place from which a broken stream is taken up again.
/// </summary>
internal sealed class EventLines
{
    private const int MaxMessage = 1 << 20;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly StringBuilder _data = new();
    private string _id = "";
    private string _type = "";
    private bool _afterReturn;

    /// <summary>The messages that end in these bytes.</summary>
    public IEnumerable<ServerEvent> Add(byte[] bytes, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var isNewLine = bytes[i] == '\n';
            var isSecond = isNewLine && _afterReturn;
            _afterReturn = bytes[i] == '\r';
            if (isSecond) continue;
            if (!isNewLine && !_afterReturn)
            {
                if (_line.WrittenCount + _data.Length >= MaxMessage)
                    throw new InvalidDataException("an event is longer than 1 MiB");
                _line.GetSpan(1)[0] = bytes[i];
                _line.Advance(1);
                continue;
            }
            var line = Encoding.UTF8.GetString(_line.WrittenSpan);
            _line.ResetWrittenCount();
            if (Take(line) is { } message) yield return message;
        }
    }

    private ServerEvent? Take(string line)
    {
        if (line.Length == 0)
        {
            var message = new ServerEvent(_id, _type, _data.ToString().TrimEnd('\n'));
            _data.Clear();
            _type = "";
            return message;
        }
        if (line[0] == ':') return null;
        var colon = line.IndexOf(':');
        var name = colon < 0 ? line : line[..colon];
        var value = colon < 0 ? "" : line[(colon + 1)..];
        if (value.StartsWith(' ')) value = value[1..];
        if (name == "id") _id = value;
        else if (name == "event") _type = value;
        else if (name == "data") _data.Append(value).Append('\n');
        return null;
    }
}
