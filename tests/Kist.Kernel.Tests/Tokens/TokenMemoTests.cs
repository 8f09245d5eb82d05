using Kist.Kernel.Tokens;
using Xunit;

namespace Kist.Kernel.Tests.Tokens;

public sealed class TokenMemoTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(31)]
    [InlineData(95)]
    [InlineData(96)]
    public void OneLetterAnywhereIsAnotherToken(int length)
    {
        var token = new string('a', length);
        Assert.True(TokenMemo.IsSame(token, new string('a', length)));
        Assert.False(TokenMemo.IsSame(token, token + "a"));
        for (var i = 0; i < length; i++)
        {
            foreach (var letter in (ReadOnlySpan<char>)['b', 'š', '\u6161'])
            {
                var other = token.ToCharArray();
                other[i] = letter;
                Assert.False(TokenMemo.IsSame(token, other));
            }
        }
    }
}
