using System.Text;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Secrets;

public sealed class HexTextTests
{
    [Fact]
    public void EveryByteIsItsTwoDigits()
    {
        var all = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var text = new byte[512];
        HexText.Write(all, text);
        Assert.Equal(Convert.ToHexStringLower(all), Encoding.ASCII.GetString(text));
    }

    [Fact]
    public void AnIdIsAsTheBaseClassLibraryWritesIt()
    {
        var text = new byte[HexText.IdBytes];
        for (var i = 0; i < 1000; i++)
        {
            var id = Guid.NewGuid();
            HexText.Write(id, text);
            Assert.Equal(id.ToString(), Encoding.ASCII.GetString(text));
        }
    }
}
