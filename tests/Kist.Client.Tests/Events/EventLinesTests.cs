using System.Text;
using CsCheck;
using Kist.Client.Events;

namespace Kist.Client.Tests.Events;

public sealed class EventLinesTests
{
    private const string Stream =
        "id: 5\nevent: kist/subscribed\ndata: {\"a\":1}\n\nid: 6\n\n: a remark\r\n"
        + "id: 7.1\r\nevent: kv-v2/data-write\r\ndata: one\r\ndata:two\r\n\r\n";

    private static readonly ServerEvent[] s_expected =
    [
        new("5", "kist/subscribed", "{\"a\":1}"), new("6", "", ""), new("7.1", "kv-v2/data-write", "one\ntwo"),
    ];

    [Fact]
    public void Messages_are_the_same_in_whatever_pieces_they_come() =>
        Gen.Int[1, 20].Array[1, 60].Sample(sizes =>
        {
            var lines = new EventLines();
            var bytes = Encoding.UTF8.GetBytes(Stream);
            var found = new List<ServerEvent>();
            for (int at = 0, i = 0; at < bytes.Length; i++)
            {
                var piece = bytes.Skip(at).Take(sizes[i % sizes.Length]).ToArray();
                found.AddRange(lines.Add(piece, piece.Length));
                at += piece.Length;
            }
            return found.SequenceEqual(s_expected);
        }, iter: 200);

    [Fact]
    public void A_message_without_an_end_is_refused()
    {
        var lines = new EventLines();
        var piece = Encoding.UTF8.GetBytes(new string('x', 100_000));
        Assert.Throws<InvalidDataException>(() =>
        {
            for (var i = 0; i < 20; i++) Assert.Empty(lines.Add(piece, piece.Length));
        });
    }
}
