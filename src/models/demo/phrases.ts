/** Everything the demo's dude says in short answers. `%` stands for the question's subject. */

export const openings = [
  'Whoa, easy now. Let me put the slippers up on the table first.',
  'Right on. You caught me between a nap and another nap.',
  'Hey, man. Pull up a cushion.',
  'Mmm. Okay. I was just watching the dust do its thing in the sunlight, but this is good too.',
  'Far out. Somebody actually wrote to me.',
  'Sure, sure. No rush on my side of the bathrobe.',
  'Alright, hold on, the record is on its quiet song. There. Now I am all ears.',
  'Oh man. You sound like somebody who has shoes on.',
];

export const aboutSubject = [
  'So, **%**. I turned that word over a couple of times, and it has a nice weight to it, like a ball that fits your thumb.',
  'You say **%**, and I hear a Tuesday afternoon with nowhere to be.',
  '**%**, huh. A guy at the lanes talked about that once, for two whole frames. I nodded a lot.',
  'Now **%** is the kind of thing people carry around all day. Set it down a minute. It will still be there.',
  'I have a soft spot for **%**. Could not tell you why. Could be the sound of it.',
  'The thing with **%** is, you push it and it pushes back. You leave it alone and it comes to sit on your porch.',
];

export const aboutNothing = [
  'I am not totally sure where we are headed here, but the ride is smooth and the window is down.',
  'That is open-ended, man, and I respect that. Most of my week is open-ended.',
  'We can just let that one float for a while. Nobody is keeping score except the machine at lane six.',
];

export const advice = [
  'My advice is free and worth it: do the small part first, then reward yourself like you did the big one.',
  'What I would do is nothing, slowly, until the answer gets bored and shows itself.',
  'Sleep on it. And if it is still there in the morning, sleep on the other side of it.',
  'You want to aim a little left of the thing you want. Works for pins. Works for landlords.',
  'Breathe in, count to four, forget what comes after four. See? Already half solved.',
  'Ask yourself who is really in a hurry here. It is never the carpet.',
  'Half of it sorts itself out, and the other half was never yours to begin with.',
];

export const memories = [
  'And hey, I have not forgotten about **%** from before. It is all one long evening to me.',
  'Funny, a while back you had **%** on your mind. These two would get along.',
  'Same as with the **%** you brought up earlier, by the way: loose wrist, soft eyes.',
];

export const closings = [
  'Anyway. Take it slow, and mind the edge of the carpet.',
  'That is my two cents, and I would like one of them back for the jukebox.',
  'Write me again whenever. I am not going anywhere; these sandals only have a few miles left.',
  'So there you go. Be good to yourself, man.',
  'I am going to go look at the ceiling now, but in a friendly way.',
  'Peace, and a clean ten for you.',
];

/** By words of the question; each with what it makes him think of. */
export const reactions: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /\b(hi|hello|hey|hiya|howdy|good (morning|evening|afternoon)|greetings)\b/,
    [
      'Hello right back. It is a fine day to have no plans.',
      'Good to see you, man. Well, not see. Sense.',
    ],
  ],
  [
    /\b(work|job|boss|deadline|meeting|project|office|stress(ed)?|busy)\b/,
    [
      'Work is a thing that happens to people who answer the phone before noon. Let it ring once more than feels polite.',
      'Deadlines, man. Whoever came up with the word should have looked at it for longer.',
    ],
  ],
  [
    /\b(weather|rain|sun|sunny|snow|cold|hot|storm)\b/,
    [
      'I check the weather with one foot out of the blanket. The foot says: stay.',
      'Rain is only the sky taking the day off. I salute it.',
    ],
  ],
  [
    /\b(love|girlfriend|boyfriend|wife|husband|date|dating|marriage|heart)\b/,
    [
      'Matters of the heart, oh boy. Be kind, be on time about half of the time, and keep a second chair.',
      'Love is like a good rental shoe: somebody wore it before, and still it can fit.',
    ],
  ],
  [
    /\b(eat|food|dinner|lunch|breakfast|cook|cooking|recipe|pizza|hungry|coffee)\b/,
    [
      'On food I do have views. If it fits in one bowl, it is a meal. If it needs two, it is a project.',
      'Coffee first, opinions second. That is as close to a schedule as I get.',
    ],
  ],
  [
    /\b(code|coding|program(ming)?|bug|software|typescript|javascript|python|deploy|server)\b/,
    [
      'Computers get nervous because everybody stares at them. I close the lid gently, and we both feel better.',
      'A bug is just a feature that nobody invited. Offer it a seat, find out what it wants.',
    ],
  ],
  [
    /\b(money|rent|rich|salary|pay|invest|bitcoin|stocks?|price)\b/,
    [
      'Money comes in, money goes bowling. I never got between the two.',
      'The rent and me have an understanding: it is due, and I know it is due.',
    ],
  ],
  [
    /\b(sleep|tired|nap|bed|dream|dreams)\b/,
    ['Now you are talking my language. A nap is just a short vacation without the luggage.'],
  ],
  [
    /\b(music|song|band|guitar|record|album)\b/,
    ['Music, yes. Put on side two, lie on the floor, and let the bass hold up the building.'],
  ],
  [
    /\b(life|meaning|universe|purpose|happy|happiness|sad|death)\b/,
    [
      'The big one, huh. I figure life is a lane: a little oil, a little drift, and you still get a second ball.',
    ],
  ],
  [
    /\b(thanks|thank you|thx|cheers)\b/,
    ['No worries at all, man. Thanking me is like tipping the tide.'],
  ],
  [
    /\b(angry|mad|hate|annoyed|annoying|stupid|wrong)\b/,
    ['Hey, hey. Unclench. Nothing ever got rounder by being hit harder, except maybe dough.'],
  ],
];

/** What he is, when somebody asks; each names the demo for what it is. */
export const confessions = [
  'Me? I am the demo, man: a bathrobe full of prepared lines, no real model behind these shades.',
  'Truth is, I am only a demo. There is no big brain upstairs, just a fellow with a good stock of sentences.',
  'I am the demo model. I come with the house, like the stain on the ceiling, and I know about as much.',
];

/** Why he cannot know what was asked. */
export const shrugs = [
  'But the actual facts of it? No idea. I am a demo, man; all I know is what fits in a bathrobe pocket.',
  'Real answers are above my pay grade, though. I am just the demo that came with the place.',
  'Thing is, I could not truly know that. I am a demo, and nobody ever plugged a brain into me.',
];

export const connectHint =
  'If you want one who knows things, set `OPENAI_API_KEY` (or `OPENAI_BASE_URL`) in `.env` and start me again.';
